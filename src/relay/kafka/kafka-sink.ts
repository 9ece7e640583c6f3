import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, MessageToProduce, Producer } from '@platformatic/kafka';
import type { Settings } from '../../config/settings.js';
import type { EventSink, OutgoingEvent, Refusal } from '../event-sink.js';
import { reasonOf } from '../outage.js';
import { clientOptions } from './kafka-client.js';

type Message = MessageToProduce<string, string, string, string>;

/** Brokers take a megabyte in one batch of records unless they are told otherwise. */
const BATCH_BYTES = 512 * 1024;
/** Less is sent as it is: it takes longer to compress than to send. */
const WORTH_COMPRESSING_BYTES = 4096;
/** What a broker says of a message that it will not take the next time either. */
const FOR_GOOD = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD'];
const CONTENT_TYPE = 'application/cloudevents+json; charset=UTF-8';

/**
 * Apache Kafka: one topic, the user's id as key, so that a user's events stay in one partition and in order. CloudEvents in
 * structured mode (Kafka protocol binding 1.0.2, 3.3). The producer is idempotent and waits for all replicas in sync.
 */
export class KafkaSink implements EventSink {
  readonly name = 'kafka';
  private producer: Producer<string, string, string, string> | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly brokers: readonly string[],
  ) {}

  async publish(events: readonly OutgoingEvent[]): Promise<readonly Refusal[]> {
    const producer = (this.producer ??= await this.open());
    const refusals: Refusal[] = [];
    for (const messages of inBatches(events.map((event) => this.messageOf(event)))) {
      refusals.push(...(await this.send(producer, messages)));
    }
    return refusals;
  }

  async close(): Promise<void> {
    const { producer } = this;
    this.producer = undefined;
    await producer?.close();
  }

  private async open(): Promise<Producer<string, string, string, string>> {
    // Only where Kafka is used: loading it takes time and memory.
    const { Admin, compatibilityPartitioner, Producer, stringSerializers } = await import('@platformatic/kafka');
    const options = clientOptions(this.settings, this.brokers);
    const admin = new Admin(options);
    try {
      await this.ensureTopic(admin);
    } finally {
      await admin.close();
    }
    return new Producer({
      ...options,
      idempotent: true,
      compression: this.settings.KAFKA_COMPRESSION,
      // As Java's clients do it: whoever else writes to the topic finds the same partition for a user.
      partitioner: (message, key) => compatibilityPartitioner(message, key),
      serializers: stringSerializers,
    });
  }

  /** Makes the topic if it is missing, with as many partitions and replicas as the brokers give one by default. */
  private async ensureTopic(admin: Admin): Promise<void> {
    const topic = this.settings.KAFKA_TOPIC;
    for (let attempt = 0; ; attempt++) {
      try {
        await admin.metadata({ topics: [topic] });
        return;
      } catch (error) {
        // The client’s own words. Brokers learn of a new topic one after the other.
        if (!(error instanceof Error && error.message.startsWith('Unknown topic')) || attempt === 20) throw error;
      }
      if (attempt > 0) await sleep(100);
      else {
        await admin.createTopics({ topics: [topic] }).catch((failure: unknown) => {
          if (!brokerSaid(failure, ['TOPIC_ALREADY_EXISTS'])) throw failure;
        });
      }
    }
  }

  /** A batch that holds something that is refused for good is halved until that stands alone. */
  private async send(producer: Producer<string, string, string, string>, messages: Message[]): Promise<Refusal[]> {
    try {
      const bytes = messages.reduce((sum, { value = '' }) => sum + value.length, 0);
      await producer.send({ messages, ...(bytes < WORTH_COMPRESSING_BYTES && { compression: 'none' }) });
      return [];
    } catch (error) {
      if (!brokerSaid(error, FOR_GOOD)) throw error;
      if (messages.length === 1) return [{ eventId: messages[0]?.metadata as string, reason: reasonOf(error) }];
      const middle = Math.ceil(messages.length / 2);
      const first = await this.send(producer, messages.slice(0, middle));
      return [...first, ...(await this.send(producer, messages.slice(middle)))];
    }
  }

  private messageOf({ id, type, userId, event }: OutgoingEvent): Message {
    return {
      topic: this.settings.KAFKA_TOPIC,
      key: userId,
      value: JSON.stringify(event),
      headers: {
        'content-type': CONTENT_TYPE,
        ce_id: id,
        ce_type: type,
        ...(event.traceparent !== undefined && { traceparent: event.traceparent }),
      },
      metadata: id,
    };
  }
}

function* inBatches(messages: Message[]): Generator<Message[]> {
  let batch: Message[] = [];
  let bytes = 0;
  for (const message of messages) {
    const length = Buffer.byteLength(message.value ?? '');
    if (batch.length > 0 && bytes + length > BATCH_BYTES) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(message);
    bytes += length;
  }
  if (batch.length > 0) yield batch;
}

/** Whether an error holds one of these answers of a broker, and no other failure beside them. */
function brokerSaid(error: unknown, answers: readonly string[]): boolean {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.every((inner) => brokerSaid(inner, answers));
  }
  return answers.includes((error as { apiId?: string }).apiId ?? '');
}
