import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Connection } from 'rabbitmq-client';
import type { Finding } from '../../src/operator/doctor/finding.js';
import {
  type Kafka,
  kafka,
  type OwnKafka,
  type OwnRabbitmq,
  type Rabbitmq,
  rabbitmq,
  together,
} from '../support/brokers.mjs';
import { runCommand } from '../support/cli.js';
import { Collector, spanNamed } from '../support/collector.js';
import { type Reader, readKafka, readRabbitmq } from '../support/messages.js';
import { eventually } from '../support/process.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { caughtUp } from '../support/broker-ground.js';

jest.setTimeout(120_000);

const run = randomBytes(4).toString('hex');
const TOPIC = `watched.${run}`;
const EXCHANGE = `watched-${run}`;
const TRACE = 'b40ce40b40ce40b40ce40b40ce40b40c';

let cluster: Kafka | OwnKafka;
let rabbit: Rabbitmq | OwnRabbitmq;
let collector: Collector;
let roster: Roster;
const readers: Reader[] = [];
beforeAll(async () => {
  [cluster, rabbit] = await together(kafka(), rabbitmq());
  readers.push(await readRabbitmq(rabbit.url, EXCHANGE));
  collector = await Collector.start();
  roster = await startRoster({
    KAFKA_BROKERS: cluster.brokers,
    KAFKA_TOPIC: TOPIC,
    AMQP_URL: rabbit.url,
    AMQP_EXCHANGE: EXCHANGE,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
  await caughtUp(roster.database, 'kafka');
  readers.push(await readKafka(cluster.brokers, TOPIC));
});
afterAll(async () => {
  for (const reader of readers) await reader.close();
  await roster.stop();
  await collector.stop();
  await Promise.all([cluster.remove(), rabbit.remove()]);
});

describe('A trace', () => {
  it('goes on in Kafka and RabbitMQ: each message names the span of its event', async () => {
    const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
    await roster.api
      .post('/auth/register')
      .set({ traceparent })
      .send({ email: 'ada@example.com', password: PASSWORD })
      .expect(202);
    const named = (wanted: string) =>
      collector.spans.filter(({ traceId, name }) => traceId === TRACE && name === wanted);
    const isSent = () => named('publish user.created').length >= 2 && named('user.created').length === 1;
    await eventually('both are published', isSent, 60_000);
    const created = spanNamed(
      collector.spans.filter(({ traceId }) => traceId === TRACE),
      'user.created',
    );
    const published = named('publish user.created');
    expect(published.map(({ parentSpanId }) => parentSpanId)).toEqual([created.spanId, created.spanId]);
    expect(published.map(({ facts }) => facts['messaging.system']).sort()).toEqual(['kafka', 'rabbitmq']);
    for (const { received } of readers) {
      await eventually('it is read', () => received.some(({ event }) => event.traceid === TRACE), 60_000);
      const message = received.find(({ event }) => event.traceid === TRACE && event.type === 'user.created');
      expect(message?.headers['traceparent']).toBe(`00-${TRACE}-${created.spanId}-01`);
      expect(message?.event.traceparent).toBe(message?.headers['traceparent']);
    }
  });
});

describe('The doctor', () => {
  const examine = async (environment: Record<string, string>) => {
    const result = await runCommand(['doctor', '--json'], { NODE_ENV: 'test', BCRYPT_COST: '4', ...environment });
    const { findings } = JSON.parse(result.stdout) as { findings: Finding[] };
    const about = findings.filter((finding) => ['Kafka', 'RabbitMQ'].includes(finding.about));
    return about.map(({ about: what, state, seen, advice }) => `${what} ${state}: ${seen} | ${advice}`);
  };
  const named = (topic: string, exchange: string) =>
    examine({ KAFKA_BROKERS: cluster.brokers, KAFKA_TOPIC: topic, AMQP_URL: rabbit.url, AMQP_EXCHANGE: exchange });

  it('sees the topic and the exchange, or that they are still to be made, and makes neither', async () => {
    expect(await named(TOPIC, EXCHANGE)).toEqual([
      expect.stringMatching(/^Kafka ok: .*partitions; the user may write to it/),
      expect.stringMatching(/^RabbitMQ ok: .*is there, and the user may write to it/),
    ]);
    for (let again = 0; again < 2; again++) {
      expect(await named(`${TOPIC}.none`, `${EXCHANGE}-none`)).toEqual([
        expect.stringMatching(/^Kafka warning: .*the topic does not exist/),
        expect.stringMatching(/^RabbitMQ ok: .*the server will create it/),
      ]);
    }
  });

  it('names an exchange of another kind, and a wrong password', async () => {
    const connection = new Connection(rabbit.url);
    const channel = await connection.acquire();
    await channel.exchangeDeclare({ exchange: `${EXCHANGE}-fanout`, type: 'fanout', durable: true });
    await channel.close();
    await connection.close();
    const fanout = await examine({ AMQP_URL: rabbit.url, AMQP_EXCHANGE: `${EXCHANGE}-fanout` });
    expect(fanout).toEqual([expect.stringMatching(/^RabbitMQ failed: .*\| the exchange is of another kind/)]);
    const wrong = Object.assign(new URL(rabbit.url), { password: 'wr0ng-word' }).href;
    const refused = await examine({ AMQP_URL: wrong });
    expect(refused).toEqual([expect.stringMatching(/^RabbitMQ failed: .*\| correct user and password/)]);
    expect(refused.join()).not.toContain('wr0ng-word');
  });
});
