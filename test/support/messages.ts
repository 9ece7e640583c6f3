import { Consumer, stringDeserializers } from '@platformatic/kafka';
import { Connection } from 'rabbitmq-client';
import type { CloudEvent } from '../../src/relay/cloud-event.js';

/** A message as a consumer sees it. */
export interface Received {
  /** Kafka's key, RabbitMQ's routing key. */
  readonly key: string;
  readonly headers: Record<string, unknown>;
  /** Properties of RabbitMQ. */
  readonly properties?: Record<string, unknown>;
  readonly event: CloudEvent;
  /** `performance.now()`. */
  readonly at: number;
}

export interface Reader {
  /** Everything so far, in the order in which it came; on Kafka that is one order a partition. */
  readonly received: readonly Received[];
  close(): Promise<void>;
}

let readers = 0;

/** Reads a topic from its beginning, and on. */
export async function readKafka(brokers: string, topic: string): Promise<Reader> {
  const consumer = new Consumer({
    clientId: 'roster-test',
    groupId: `roster-test-${process.pid}-${readers++}`,
    bootstrapBrokers: [brokers],
    deserializers: stringDeserializers,
    maxWaitTime: 50,
  });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
  const received: Received[] = [];
  stream.on('data', ({ key, value, headers }) => {
    const event = JSON.parse(value) as CloudEvent;
    received.push({ key, headers: Object.fromEntries(headers), event, at: performance.now() });
  });
  stream.on('error', () => undefined);
  return { received, close: () => consumer.close(true) };
}

/** A queue that takes everything from the exchange, read from its beginning, and on, also when the broker was away. */
export async function readRabbitmq(url: string, exchange: string): Promise<Reader> {
  const connection = new Connection({ url, retryHigh: 1000 });
  connection.on('error', () => undefined);
  const received: Received[] = [];
  const { promise: ready, resolve } = Promise.withResolvers<undefined>();
  const consumer = connection.createConsumer(
    {
      queue: `roster-test-${process.pid}-${readers++}`,
      queueOptions: { durable: true },
      exchanges: [{ exchange, type: 'topic', durable: true }],
      queueBindings: [{ exchange, routingKey: '#' }],
      qos: { prefetchCount: 500 },
    },
    ({ body, headers = {}, routingKey, ...properties }) => {
      const event = JSON.parse((body as Buffer).toString()) as CloudEvent;
      received.push({ key: routingKey, headers, properties, event, at: performance.now() });
    },
  );
  consumer.on('error', () => undefined);
  consumer.once('ready', () => resolve(undefined));
  await ready;
  return {
    received,
    close: async () => {
      await consumer.close();
      await connection.close();
    },
  };
}

export interface Order {
  /** Events of `expected` that never came. */
  readonly missing: string[];
  /** Users whose events did not come in their order, copies left aside. */
  readonly outOfOrder: string[];
  /** How many messages were copies of an earlier one. */
  readonly copies: number;
}

/** @param expected the ids of all events that have to be there */
export function orderOf(received: readonly Received[], expected: readonly string[]): Order {
  const seen = new Set<string>();
  const versions = new Map<string, number>();
  const outOfOrder = new Set<string>();
  for (const { event } of received) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const before = versions.get(event.subject);
    if (before !== undefined && event.userversion !== before + 1) outOfOrder.add(event.subject);
    versions.set(event.subject, event.userversion);
  }
  return {
    missing: expected.filter((id) => !seen.has(id)),
    outOfOrder: [...outOfOrder],
    copies: received.length - seen.size,
  };
}
