import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { addEvents, caughtUp, eventIds, latest, positionOf } from '../support/broker-ground.js';
import { type Kafka, kafka, type Rabbitmq, rabbitmq, together } from '../support/brokers.mjs';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox } from '../support/inbox.js';
import { orderOf, type Reader, readKafka, readRabbitmq } from '../support/messages.js';
import { eventually, type Home, makeHome, report, RosterProcess } from '../support/process.js';
import { soak } from '../support/soak.js';

const USERS = 100;
const VERSIONS_A_KILL = 40;
jest.setTimeout(300_000);

const name = `takeover-${Math.random().toString(36).slice(2)}`;
const SINKS = ['kafka', 'rabbitmq'];

let cluster: Kafka;
let rabbit: Rabbitmq;
let database: TestDatabase;
let inbox: Inbox;
let home: Home;
const readers: Reader[] = [];

beforeAll(async () => {
  [cluster, rabbit] = await together(kafka(), rabbitmq());
  [home, inbox, database] = [makeHome(), await Inbox.start(), await createTestDatabase()];
  readers.push(await readRabbitmq(rabbit.url, name));
  // It makes the keys, the topic and the cursors.
  const server = await start();
  for (const sink of SINKS) await caughtUp(database, sink);
  await server.kill('SIGTERM');
  readers.push(await readKafka(cluster.brokers, name));
});
afterAll(async () => {
  await RosterProcess.killAll();
  for (const reader of readers) await reader.close();
  await inbox.down();
  await database.drop();
  home.remove();
  await Promise.all([cluster.remove(), rabbit.remove()]);
});

const environment = (): Record<string, string> => ({
  DATABASE_URL: database.url,
  SMTP_URL: inbox.url,
  SECRET_KEY: 'k3yZ'.repeat(12),
  ADMIN_PASSWORD: 'correct horse battery staple',
  KAFKA_BROKERS: cluster.brokers,
  KAFKA_TOPIC: name,
  AMQP_URL: rabbit.url,
  AMQP_EXCHANGE: name,
  RELAY_START: 'beginning',
});
const start = (): Promise<RosterProcess> => RosterProcess.start(home, environment());

const leaderOf = async (sink: string): Promise<number | undefined> => {
  const [row] = await database.query<{ pid: number }>(
    `SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND application_name = $1
       AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [`roster relay ${sink}`],
  );
  return row?.pid;
};

/** Everything has come to every reader, in order. @returns how many copies, by sink */
async function expectAllInOrder(): Promise<Record<string, number>> {
  const expected = await eventIds(database);
  const copies: Record<string, number> = {};
  for (const [index, reader] of readers.entries()) {
    await eventually('every event', () => orderOf(reader.received, expected).missing.length === 0, 60_000);
    const order = orderOf(reader.received, expected);
    expect(order).toMatchObject({ missing: [], outOfOrder: [] });
    copies[['rabbitmq', 'kafka'][index] ?? ''] = order.copies;
  }
  return copies;
}

describe('a server that is killed again and again while it sends', () => {
  const sentence = 'loses nothing and mixes nothing up: what it sends again has the same ids';
  soak('relay-kill', sentence, { kills: [20, 5] }, async ({ counts: { kills }, progress }) => {
    let underWay = 0;
    const step = progress('kills', kills);
    for (let round = 0; round < kills; round++) {
      await addEvents(database, USERS, VERSIONS_A_KILL);
      const from = await positionOf(database, 'kafka');
      const server = await RosterProcess.launch(home, environment());
      await eventually('the relay sends', async () => (await positionOf(database, 'kafka')) > from);
      await sleep(Math.random() * 100);
      await server.kill('SIGKILL');
      const waiting = (await latest(database)) > (await positionOf(database, 'kafka'));
      if (waiting) underWay++;
      step();
    }
    const server = await start();
    for (const sink of SINKS) await caughtUp(database, sink, 120_000);
    const { kafka: onKafka, rabbitmq: onRabbitmq } = await expectAllInOrder();
    await server.kill('SIGTERM');
    expect(underWay).toBeGreaterThan(0);
    const events = await latest(database);
    return {
      summary:
        `${kills} times kill -9, ${underWay} of them while events waited for Kafka: none of ${events} events is missing or ` +
        `out of order; sent twice: ${onKafka} on Kafka, ${onRabbitmq} on RabbitMQ.`,
      figures: { kills, underWay, events, onKafka, onRabbitmq },
    };
  });
});

describe('of two servers', () => {
  it('one sends, and when it is killed the other goes on within ten seconds', async () => {
    const first = await start();
    await eventually('the first leads', async () => {
      const leaders = await Promise.all(SINKS.map(leaderOf));
      return leaders.every((leader) => leader !== undefined);
    });
    const second = await start();
    const before = await Promise.all(SINKS.map(leaderOf));
    await addEvents(database, USERS, 20);
    await eventually('the first sends', async () => (await positionOf(database, 'kafka')) > 0);
    await first.kill('SIGKILL');
    const killed = performance.now();
    await addEvents(database, 10, 3);
    for (const [index, sink] of SINKS.entries()) {
      await caughtUp(database, sink);
      expect(await leaderOf(sink)).not.toBe(before[index]);
    }
    const seconds = (performance.now() - killed) / 1000;
    report(`the other server had sent everything ${seconds.toFixed(1)} s after the kill`);
    expect(seconds).toBeLessThan(10);
    await expectAllInOrder();
    await second.kill('SIGTERM');
  });
});
