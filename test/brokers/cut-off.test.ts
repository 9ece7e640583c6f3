import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest } from '@jest/globals';
import { Crowd } from '../faults/support/crowd.js';
import { fault } from '../faults/support/fault-table.js';
import { caughtUp, eventIds } from '../support/broker-ground.js';
import { type OwnKafka, type OwnRabbitmq, startKafka, startRabbitmq, together } from '../support/brokers.mjs';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox } from '../support/inbox.js';
import { orderOf, type Reader, readKafka, readRabbitmq } from '../support/messages.js';
import { eventually, type Home, makeHome, RosterProcess } from '../support/process.js';
import { Proxy } from '../support/proxy.js';

const SINKS = ['kafka', 'rabbitmq'];
/** Longer than the heartbeats of AMQP and the requests of Kafka. */
const CUT_OFF_MS = 20_000;
jest.setTimeout(180_000);

let cluster: OwnKafka;
let rabbit: OwnRabbitmq;
const between: Proxy[] = [];
let home: Home;
let inbox: Inbox;
let database: TestDatabase;
let server: RosterProcess;
const readers: Reader[] = [];

beforeAll(async () => {
  const beforeKafka = async (port: number) => {
    const proxy = await Proxy.before(new URL(`tcp://127.0.0.1:${port}`));
    between.push(proxy);
    return Number(new URL(proxy.url).port);
  };
  [cluster, rabbit] = await together(startKafka(beforeKafka), startRabbitmq());
  const beforeRabbitmq = await Proxy.before(new URL(rabbit.url));
  between.push(beforeRabbitmq);
  [home, inbox, database] = [makeHome(), await Inbox.start(), await createTestDatabase()];
  readers.push(await readRabbitmq(rabbit.url, 'users'));
  server = await RosterProcess.start(home, {
    ...{ DATABASE_URL: database.url, SMTP_URL: inbox.url, SECRET_KEY: 'k3yZ'.repeat(12) },
    ...{ RATE_LIMIT_ENABLED: 'false', ADMIN_PASSWORD: 'correct horse battery staple', RELAY_START: 'beginning' },
    ...{ KAFKA_BROKERS: cluster.brokers, AMQP_URL: beforeRabbitmq.url },
  });
  for (const sink of SINKS) await caughtUp(database, sink);
});
afterAll(async () => {
  await RosterProcess.killAll();
  for (const reader of readers) await reader.close();
  for (const proxy of between) await proxy.down();
  await inbox.down();
  await database.drop();
  home.remove();
  await Promise.all([cluster.remove(), rabbit.remove()]);
});

const health = async () => ((await server.api.get('/health/ready')).body as { status: string }).status;

describe('A server whose brokers are cut off', () => {
  fault(
    'brokers-cut-off',
    'changes nothing for the API, and sends everything, in order of each user, when the network is back',
    { times: [6, 1] },
    async ({ times }) => {
      const crowd = new Crowd(() => server.url);
      const recovered: number[] = [];
      for (let time = 0; time < times; time++) {
        await crowd.more(10);
        for (const proxy of between) proxy.hold();
        await crowd.more(10);
        await sleep(CUT_OFF_MS);
        await eventually('it is said that brokers do not answer', async () => (await health()) === 'degraded', 60_000);
        // Connections may go on where they were, or have been forgotten on the way.
        for (const proxy of between) proxy.release({ forgets: time % 2 === 0 });
        const begin = performance.now();
        await eventually('everything is well again', async () => (await health()) === 'up', 120_000);
        recovered.push(performance.now() - begin);
      }
      await crowd.more(10);
      await crowd.home();
      for (const sink of SINKS) await caughtUp(database, sink, 120_000);

      readers.push(await readKafka(cluster.brokers, 'users.events'));
      const expected = await eventIds(database);
      const copies: number[] = [];
      for (const { received } of readers) {
        await eventually('every event', () => orderOf(received, expected).missing.length === 0, 60_000);
        const order = orderOf(received, expected);
        expect(order).toMatchObject({ missing: [], outOfOrder: [] });
        copies.push(order.copies);
      }
      const remark =
        `Each registration was looked for in the database, and its event at both brokers: ${expected.length} events came in order, ` +
        `${copies[0]} of them a second time on RabbitMQ and ${copies[1]} on Kafka. ` +
        `All was well again ${Math.round(Math.max(...recovered) / 1000)} s after the network was back, at the latest.`;
      return { ledger: crowd.ledger, found: await crowd.found(database), remark };
    },
  );
});
