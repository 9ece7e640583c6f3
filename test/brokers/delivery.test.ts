import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Admin } from '@platformatic/kafka';
import { Connection } from 'rabbitmq-client';
import { systemContext } from '../../src/access/caller.js';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { loadSettings, type Settings } from '../../src/config/settings.js';
import { Transactions } from '../../src/database/transaction.js';
import type { OutgoingEvent } from '../../src/relay/event-sink.js';
import { KafkaSink } from '../../src/relay/kafka/kafka-sink.js';
import { reasonOf } from '../../src/relay/outage-log.js';
import { RabbitmqSink } from '../../src/relay/rabbitmq/rabbitmq-sink.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { caughtUp, latest } from '../support/broker-ground.js';
import {
  type Kafka,
  kafka,
  type OwnKafka,
  KAFKA_USER,
  type OwnRabbitmq,
  type Rabbitmq,
  rabbitmq,
  together,
} from '../support/brokers.mjs';
import { type ExampleConsumer, startExample } from '../support/consumers.js';
import { type Reader, readKafka, readRabbitmq, type Received } from '../support/messages.js';
import { eventually } from '../support/process.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

jest.setTimeout(120_000);

// Brokers may be given, and have been used before.
const run = randomBytes(4).toString('hex');
const TOPIC = `users.events.${run}`;
const EXCHANGE = `users-${run}`;

let cluster: Kafka | OwnKafka;
let rabbit: Rabbitmq | OwnRabbitmq;
let roster: Roster;
let admin: string;
let onKafka: Reader;
let onRabbitmq: Reader;
const examples: ExampleConsumer[] = [];
const readers: Reader[] = [];

beforeAll(async () => {
  [cluster, rabbit] = await together(kafka(), rabbitmq());
  // Before the first event: what no queue takes is laid aside.
  readers.push((onRabbitmq = await readRabbitmq(rabbit.url, EXCHANGE)));
  roster = await startRoster({
    KAFKA_BROKERS: cluster.brokers,
    KAFKA_TOPIC: TOPIC,
    AMQP_URL: rabbit.url,
    AMQP_EXCHANGE: EXCHANGE,
    RELAY_START: 'beginning',
  });
  admin = await roster.signIn();
  await caughtUp(roster.database, 'kafka');
  readers.push((onKafka = await readKafka(cluster.brokers, TOPIC)));
});
afterAll(async () => {
  for (const example of examples) await example.stop();
  for (const reader of readers) await reader.close();
  await roster.stop();
  await Promise.all([cluster.remove(), rabbit.remove()]);
});

const of = (reader: Reader, subject: string): Received[] =>
  reader.received.filter(({ event }) => event.subject === subject);

describe('a registration by HTTP', () => {
  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

  it('is on the topic and in the queue, with its key, headers and trace id, and read by the examples', async () => {
    const kafkaEnvironment = { KAFKA_BROKERS: cluster.brokers, KAFKA_TOPIC: TOPIC };
    const amqpEnvironment = { AMQP_URL: rabbit.url, AMQP_EXCHANGE: EXCHANGE };
    const programs = [
      ['kafka.ts', { ...kafkaEnvironment, KAFKA_GROUP: `typescript-${run}` }],
      ['kafka_consumer.py', { ...kafkaEnvironment, KAFKA_GROUP: `python-${run}` }],
      ['rabbitmq.ts', { ...amqpEnvironment, AMQP_QUEUE: `typescript-${run}` }],
      ['rabbitmq_consumer.py', { ...amqpEnvironment, AMQP_QUEUE: `python-${run}` }],
    ] as const;
    for (const [file, environment] of programs) examples.push(await startExample(file, environment));
    for (const language of ['typescript', 'python']) await queueIsBound(`${language}-${run}`);

    const answer = await roster.api
      .post('/auth/register')
      .set('traceparent', `00-${TRACE}-00f067aa0ba902b7-01`)
      .send({ email: 'ada@example.com', password: PASSWORD, firstName: 'Ada' })
      .expect(202);
    expect(answer.headers['x-trace-id']).toBe(TRACE);

    for (const [reader, key] of [
      [onKafka, (subject: string, _type: string) => subject],
      [onRabbitmq, (_subject: string, type: string) => type],
    ] as const) {
      await eventually('both events', () => reader.received.filter(({ event }) => event.traceid === TRACE).length >= 2);
      const messages = reader.received.filter(({ event }) => event.traceid === TRACE);
      expect(messages.map(({ event }) => event.type)).toEqual(['user.created', 'user.verification_token.created']);
      for (const message of messages) expect(message.key).toBe(key(message.event.subject, message.event.type));
      const { event, headers } = messages[0]!;
      expect(event).toMatchObject({
        specversion: '1.0',
        source: 'http://localhost:3000',
        userversion: 1,
        authtype: 'unauthenticated',
        data: { email: 'ada@example.com', firstName: 'Ada', how: 'registration' },
      });
      expect(event.traceparent).toMatch(new RegExp(`^00-${TRACE}-`));
      expect(headers['traceparent']).toBe(event.traceparent);
    }
    const [record] = onKafka.received.filter(({ event }) => event.traceid === TRACE);
    expect(record!.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=UTF-8',
      ce_id: record!.event.id,
      ce_type: 'user.created',
    });
    const [message] = onRabbitmq.received.filter(({ event }) => event.traceid === TRACE);
    expect(message!.properties).toMatchObject({
      contentType: 'application/cloudevents+json',
      messageId: message!.event.id,
      type: 'user.created',
      deliveryMode: 2,
      exchange: EXCHANGE,
    });

    const line = new RegExp(`^(kafka|rabbitmq) user\\.created ${message!.event.subject} v1 trace=${TRACE} .*Ada`);
    for (const [index, example] of examples.entries()) {
      await eventually(`${programs[index]![0]} prints it, and not only ${example.lines().slice(-5).join('\n')}`, () =>
        example.lines().some((printed) => line.test(printed)),
      );
    }
  });
});

async function queueIsBound(queue: string): Promise<void> {
  const connection = new Connection(rabbit.url);
  try {
    await eventually(`the queue ${queue}`, () =>
      connection.queueDeclare({ queue, passive: true }).then(
        () => true,
        () => false,
      ),
    );
  } finally {
    await connection.close();
  }
}

describe('a thousand transactions that fail', () => {
  it('publish nothing', async () => {
    const get = <T>(token: abstract new (...args: never[]) => T): T =>
      roster.app.get(token as never, { strict: false });
    const [transactions, users] = [get(Transactions), get(UserStore)];
    const before = await latest(roster.database);
    let failed = 0;
    for (let round = 0; round < 1000; round++) {
      const work = transactions.run(async (tx) => {
        await users.create(
          tx,
          { username: `never-${round}`, role: 'AUTHENTICATED', how: 'admin' },
          systemContext('rollback'),
        );
        throw new Error('no');
      });
      await work.catch(() => failed++);
    }
    expect(failed).toBe(1000);
    // What comes after them says that they would have come.
    const { body } = await roster.api
      .post('/users')
      .set({ authorization: `Bearer ${admin}` })
      .send({ username: 'after-them' })
      .expect(201);
    for (const reader of [onKafka, onRabbitmq]) {
      await eventually('the one that did not fail', () => of(reader, String(body.id)).length > 0);
      expect(reader.received.filter(({ event }) => event.traceid === 'rollback')).toEqual([]);
    }
    expect(await latest(roster.database)).toBe(before + 1);
  });
});

let made = 0;
function outgoing(more: Partial<OutgoingEvent['event']> = {}): OutgoingEvent {
  const id = `019aa53c-1f7e-7c2f-b1c0-${String(made++).padStart(12, '0')}`;
  const event = {
    id,
    type: 'user.created',
    subject: 'someone',
    userversion: 1,
    time: new Date().toISOString(),
    ...more,
  };
  const { type, subject: userId, userversion: userVersion } = event as OutgoingEvent['event'];
  return { position: made, id, type, userId, userVersion, event: event as OutgoingEvent['event'] };
}
const settingsFor = (more: Record<string, string>): Settings => loadSettings({ NODE_ENV: 'test', ...more });

async function withKafka<T>(more: Record<string, string>, work: (sink: KafkaSink) => Promise<T>): Promise<T> {
  const settings = settingsFor({ KAFKA_BROKERS: cluster.brokers, ...more });
  const sink = new KafkaSink(settings, settings.KAFKA_BROKERS ?? []);
  try {
    return await work(sink);
  } finally {
    await sink.close();
  }
}

describe('Kafka', () => {
  it('gives back what it will never take, and takes the rest, in order', async () => {
    const topic = `small-${run}`;
    const connection = new Admin({ clientId: 'test', bootstrapBrokers: [cluster.brokers] });
    const configs = [{ name: 'max.message.bytes', value: '20000' }];
    await connection.createTopics({ topics: [topic], partitions: 1, replicas: 1, configs });
    await connection.close();
    const large = outgoing({ data: { bio: randomBytes(40_000).toString('base64') } });
    const before = Array.from({ length: 20 }, () => outgoing());
    const after = Array.from({ length: 20 }, () => outgoing());
    await withKafka({ KAFKA_TOPIC: topic }, async (sink) => {
      expect(await sink.publish([...before, large, ...after])).toEqual([
        { eventId: large.id, reason: expect.stringMatching(/large/) },
      ]);
    });
    const reader = await readKafka(cluster.brokers, topic);
    await eventually('the rest', () => reader.received.length === 40);
    expect(reader.received.map(({ event }) => event.id)).toEqual([...before, ...after].map(({ id }) => id));
    await reader.close();
  });

  it('takes more than a broker takes in one batch', async () => {
    const topic = `much-${run}`;
    const batch = Array.from({ length: 60 }, () => outgoing({ data: { bio: randomBytes(48_000).toString('base64') } }));
    await withKafka({ KAFKA_TOPIC: topic, KAFKA_COMPRESSION: 'none' }, async (sink) => {
      expect(await sink.publish(batch)).toEqual([]);
    });
    const reader = await readKafka(cluster.brokers, topic);
    await eventually('all of it', () => reader.received.length === batch.length);
    await reader.close();
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('takes batches with KAFKA_COMPRESSION=%s', async (compression) => {
    const topic = `${compression}-${run}`;
    const event = outgoing({ data: { bio: 'again '.repeat(500) } });
    await withKafka({ KAFKA_TOPIC: topic, KAFKA_COMPRESSION: compression }, (sink) => sink.publish([event]));
    const reader = await readKafka(cluster.brokers, topic);
    await eventually('the event', () => reader.received.length === 1);
    expect(reader.received[0]!.event).toEqual(event.event);
    await reader.close();
  });

  it('is reached with TLS and SCRAM, and says what is wrong where the password is', async () => {
    if (!('securedBrokers' in cluster)) return;
    const secured = {
      KAFKA_BROKERS: cluster.securedBrokers,
      KAFKA_TOPIC: TOPIC,
      KAFKA_TLS: 'true',
      KAFKA_TLS_CA: cluster.ca,
      KAFKA_SASL_USERNAME: KAFKA_USER.username,
      KAFKA_SASL_PASSWORD: KAFKA_USER.password,
    };
    const event = outgoing();
    await withKafka(secured, (sink) => sink.publish([event]));
    await eventually('the event', () => onKafka.received.some(({ headers }) => headers['ce_id'] === event.id));

    const refused = async (more: Record<string, string>): Promise<string> =>
      withKafka({ ...secured, ...more }, (sink) => sink.publish([event]).then(() => 'taken', reasonOf));
    expect(await refused({ KAFKA_SASL_PASSWORD: 'wrong' })).toMatch(/authenticat/i);
    expect(await refused({ KAFKA_TLS_CA: '' })).toMatch(/self-signed certificate/);
  });

  it('is shown a certificate of ours where it asks for one', async () => {
    if (!('mutualBrokers' in cluster)) return;
    const { mutualBrokers: brokers, ca, key } = cluster;
    const settings = { KAFKA_BROKERS: brokers, KAFKA_TOPIC: TOPIC, KAFKA_TLS: 'true', KAFKA_TLS_CA: ca };
    const event = outgoing();
    const send = (more: Record<string, string>) =>
      withKafka({ ...settings, ...more }, (sink) => sink.publish([event]).then(() => 'taken', reasonOf));
    expect(await send({})).not.toBe('taken');
    expect(await send({ KAFKA_TLS_CERT: ca, KAFKA_TLS_KEY: key })).toBe('taken');
    await eventually('the event', () => onKafka.received.some(({ headers }) => headers['ce_id'] === event.id));
  });
});

describe('RabbitMQ', () => {
  it('gives back what no queue takes, and delivers the rest', async () => {
    const exchange = `unbound-${run}`;
    const sink = new RabbitmqSink(rabbit.url, exchange);
    const created = outgoing();
    expect(await sink.publish([created])).toEqual([
      { eventId: created.id, reason: `no queue at exchange ${exchange} takes user.created (NO_ROUTE)` },
    ]);

    const connection = new Connection(rabbit.url);
    const { queue } = await connection.queueDeclare({ exclusive: true });
    await connection.queueBind({ queue, exchange, routingKey: 'user.deleted' });
    const batch = [created, outgoing({ type: 'user.deleted' }), outgoing({ type: 'user.restored' })];
    expect((await sink.publish(batch)).map(({ eventId }) => eventId)).toEqual([batch[0]!.id, batch[2]!.id]);
    const message = await connection.basicGet({ queue, noAck: true });
    expect(message?.messageId).toBe(batch[1]!.id);
    await sink.close();
    await connection.close();
  });

  it('says what is wrong where the exchange is of another kind, or the password is', async () => {
    const exchange = `direct-${run}`;
    const connection = new Connection(rabbit.url);
    await connection.exchangeDeclare({ exchange, type: 'direct', durable: true });
    const reason = async (sink: RabbitmqSink): Promise<string> => {
      const text = await sink.publish([outgoing()]).then(() => 'taken', reasonOf);
      await sink.close();
      return text;
    };
    expect(await reason(new RabbitmqSink(rabbit.url, exchange))).toMatch(/inequivalent arg 'type'/);
    const url = new URL(rabbit.url);
    url.password = 'wrong';
    expect(await reason(new RabbitmqSink(url.href, exchange))).toMatch(/ACCESS_REFUSED|refused/i);
    await connection.exchangeDelete({ exchange });
    await connection.close();
  });

  it('is reached with TLS, by authorities that Node.js trusts, and by no other', async () => {
    if (!('securedUrl' in rabbit)) return;
    const { securedUrl, ca } = rabbit;
    const event = outgoing();
    const script = `
      const { RabbitmqSink } = await import(process.argv[1]);
      const [, , url, exchange, event] = process.argv;
      const sink = new RabbitmqSink(url, exchange);
      console.log(await sink.publish([JSON.parse(event)]).then(() => 'taken', ({ message }) => message));
      await sink.close();`;
    const send = async (environment: Record<string, string>): Promise<string> => {
      const module = join(PACKAGE_ROOT, 'dist/relay/rabbitmq/rabbitmq-sink.js');
      const words = ['--input-type=module', '--eval', script, module, securedUrl, EXCHANGE, JSON.stringify(event)];
      return (await promisify(execFile)(process.execPath, words, { env: environment })).stdout.trim();
    };
    expect(await send({})).toMatch(/self-signed certificate/);
    expect(await send({ NODE_EXTRA_CA_CERTS: ca })).toBe('taken');
    await eventually('the event', () => onRabbitmq.received.some(({ event: { id } }) => id === event.id));
  });
});
