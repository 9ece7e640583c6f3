import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest } from '@jest/globals';
import { atRate, caughtUp, eventIds } from '../support/broker-ground.js';
import { type OwnKafka, type Rabbitmq, startKafka, startRabbitmq, together } from '../support/brokers.mjs';
import { orderOf, type Reader, readKafka, readRabbitmq } from '../support/messages.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox } from '../support/inbox.js';
import { metric } from '../support/metrics.js';
import { eventually, type Home, makeHome, RosterProcess } from '../support/process.js';
import { soak } from '../support/soak.js';

const CHANGES_PER_SECOND = 50;
const PEOPLE = 20;
const SINKS = ['kafka', 'rabbitmq'];
const ADMIN_PASSWORD = 'correct horse battery staple';
jest.setTimeout(180_000);

// Its own, also where others are given: they are stopped.
let cluster: OwnKafka;
let rabbit: Rabbitmq & { start(): Promise<void> };
let home: Home;
let inbox: Inbox;
let database: TestDatabase;
let server: RosterProcess;
let bearer: Record<string, string>;
const readers: Reader[] = [];
let going = false;

beforeAll(async () => {
  [cluster, rabbit] = await together(startKafka(), startRabbitmq());
  [home, inbox, database] = [makeHome(), await Inbox.start(), await createTestDatabase()];
  readers.push(await readRabbitmq(rabbit.url, 'users'));
  server = await RosterProcess.start(home, {
    ...{ DATABASE_URL: database.url, SMTP_URL: inbox.url, SECRET_KEY: 'k3yZ'.repeat(12), RATE_LIMIT_ENABLED: 'false' },
    ...{ ADMIN_PASSWORD, KAFKA_BROKERS: cluster.brokers, AMQP_URL: rabbit.url, RELAY_START: 'beginning' },
  });
  bearer = { authorization: `Bearer ${await server.signIn('admin@localhost', ADMIN_PASSWORD)}` };
  for (const sink of SINKS) await caughtUp(database, sink);
});
afterAll(async () => {
  going = false;
  await RosterProcess.killAll();
  for (const reader of readers) await reader.close();
  await inbox.down();
  await database.drop();
  home.remove();
  await Promise.all([cluster.remove(), rabbit.remove()]);
});

/** @returns the status, 0 where there was no answer, and the body */
async function call(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const headers = { ...bearer, ...(body && { 'content-type': 'application/json' }) };
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  const answer = await fetch(`${server.url}${path}`, init).catch(() => undefined);
  return answer ? { status: answer.status, body: await answer.json() } : { status: 0, body: undefined };
}

type Figures = Record<string, number>;
const ready = async () => (await call('GET', '/health/ready')).body as { status: string; figures: Figures };
/** As Prometheus sees them. */
const metrics = async () => (await fetch(`${server.url}/metrics`)).text();

describe(`brokers that are away under ${CHANGES_PER_SECOND} changes a second`, () => {
  const sentence = 'change nothing for the API, and get everything, in order of each user, when they are back';
  soak('broker-outage', sentence, { seconds: [120, 20] }, async ({ counts: { seconds: outage } }) => {
    const people: string[] = [];
    for (let number = 0; number < PEOPLE; number++) {
      const { body } = await call('POST', '/users', { username: `person-${number}` });
      people.push((body as { id: string }).id);
    }
    going = true;
    const statuses: Record<number, number> = {};
    const times: number[] = [];
    const changes = atRate(
      { perSecond: CHANGES_PER_SECOND, openAtMost: PEOPLE },
      () => going,
      async (index) => {
        const begin = performance.now();
        const { status } = await call('PATCH', `/users/${people[index % PEOPLE]!}`, { nickname: `nickname ${index}` });
        times.push(performance.now() - begin);
        statuses[status] = (statuses[status] ?? 0) + 1;
      },
    );
    const startedAt = performance.now();
    await sleep(2000);
    const before = await ready();
    await Promise.all([cluster.stop(), rabbit.stop()]);
    const stoppedAfter = times.length;
    const lags: number[] = [];
    for (let second = 0; second < outage; second++) {
      await sleep(1000);
      lags.push(metric(await metrics(), 'roster_relay_lag_events', { sink: 'kafka' }) ?? NaN);
    }
    const changed = times.length - stoppedAfter;
    const [during, scraped] = [await ready(), await metrics()];
    await Promise.all([cluster.start(), rabbit.start()]);
    const backAt = performance.now();
    await sleep(2000);
    going = false;
    const count = await changes;
    const changing = (performance.now() - startedAt) / 1000;
    for (const sink of SINKS) await caughtUp(database, sink);
    const recovered = (performance.now() - backAt) / 1000;

    times.sort((one, other) => one - other);
    const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
    expect(statuses).toEqual({ 200: count });
    expect(before.status).toBe('up');
    expect(during.status).toBe('degraded');
    for (const sink of SINKS) {
      expect(during.figures[`${sink}LagEvents`]).toBeGreaterThanOrEqual(changed);
      expect(during.figures[`${sink}LagSeconds`]).toBeGreaterThan(outage - 5);
      expect(metric(scraped, 'roster_relay_lag_events', { sink })).toBeGreaterThanOrEqual(changed);
      expect(metric(scraped, 'roster_relay_failing', { sink })).toBe(1);
      expect(metric(scraped, 'roster_check_up', { check: sink })).toBe(0);
    }
    expect(lags.slice(1).filter((lag, second) => lag < lags[second]!)).toEqual([]);
    expect(await ready()).toMatchObject({
      status: 'up',
      figures: { kafkaLagEvents: 0, rabbitmqLagEvents: 0, kafkaDeadLetters: 0, rabbitmqDeadLetters: 0 },
    });
    const afterwards = await metrics();
    for (const sink of SINKS) {
      expect(metric(afterwards, 'roster_relay_lag_events', { sink })).toBe(0);
      expect(metric(afterwards, 'roster_relay_failing', { sink })).toBe(0);
      expect(metric(afterwards, 'roster_relay_events_per_second', { sink })).toBeGreaterThan(0);
    }
    const told = server.stdout.match(/cannot be sent to/g) ?? [];
    expect(told.length).toBeLessThanOrEqual(2 * (1 + Math.ceil(outage / 60)));

    readers.push(await readKafka(cluster.brokers, 'users.events'));
    const expected = await eventIds(database);
    const twice: number[] = [];
    for (const reader of readers) {
      await eventually('every event', () => orderOf(reader.received, expected).missing.length === 0);
      const { copies, ...order } = orderOf(reader.received, expected);
      expect(order).toEqual({ missing: [], outOfOrder: [] });
      twice.push(copies);
    }
    const [onRabbitmq, onKafka] = twice;
    const figures = {
      ...{ changes: count, seconds: Math.round(changing), events: expected.length, apiP99Ms: Math.round(p99) },
      ...{ lagAtMost: Math.max(...lags), recoveredAfterSeconds: Math.round(recovered * 10) / 10, onKafka, onRabbitmq },
    };
    return {
      summary:
        `${count} changes in ${figures.seconds} s, ${outage} s of them without brokers: p99 of the API ${figures.apiP99Ms} ms; ` +
        `the lag rose to ${figures.lagAtMost} events and was gone ${figures.recoveredAfterSeconds} s after they were back; ` +
        `${expected.length} events came in order, sent twice: ${onKafka} on Kafka, ${onRabbitmq} on RabbitMQ.`,
      figures,
    };
  });
});
