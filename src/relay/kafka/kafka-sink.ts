import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, MessageToProduce, Producer } from '@platformatic/kafka';
import type { Settings } from '../../config/settings.js';
import type { EventSink, OutgoingEvent, Refusal } from '../event-sink.js';
import { reasonOf } from '../outage-log.js';
import { clientOptions } from './kafka-client.js';

type KafkaMessage = MessageToProduce<string, string, string, string>;

/** By default, brokers accept a batch of one megabyte. */
const BATCH_BYTES = 512 * 1024;
/** Smaller batches take longer to compress than to send. */
const WORTH_COMPRESSING_BYTES = 4096;
/** Broker errors that a retry does not cure. */
const PERMANENT_ERRORS = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD'];
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
    const producer = (this.producer ??= await this.openProducer());
    const refusals: Refusal[] = [];
    for (const messages of splitBySize(events.map((event) => this.messageOf(event)))) {
      refusals.push(...(await this.sendBatch(producer, messages)));
    }
    return refusals;
  }

  async close(): Promise<void> {
    const { producer } = this;
    this.producer = undefined;
    await producer?.close();
  }

  private async openProducer(): Promise<Producer<string, string, string, string>> {
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
      // As in the Java clients: another producer of the topic finds the same partition for a user.
      partitioner: (message, key) => compatibilityPartitioner(message, key),
      serializers: stringSerializers,
    });
  }

  /** Creates the topic if it is missing, with the brokers' defaults for partitions and replicas. */
  private async ensureTopic(admin: Admin): Promise<void> {
    const topic = this.settings.KAFKA_TOPIC;
    for (let attempt = 0; ; attempt++) {
      try {
        await admin.metadata({ topics: [topic] });
        return;
      } catch (error) {
        // The client's message. Brokers learn of a new topic one after the other.
        if (!(error instanceof Error && error.message.startsWith('Unknown topic')) || attempt === 20) throw error;
      }
      if (attempt > 0) await sleep(100);
      else {
        await admin.createTopics({ topics: [topic] }).catch((failure: unknown) => {
          if (!isBrokerError(failure, ['TOPIC_ALREADY_EXISTS'])) throw failure;
        });
      }
    }
  }

  /** A batch with a permanent error is halved until the refused message is alone. */
  private async sendBatch(
    producer: Producer<string, string, string, string>,
    messages: KafkaMessage[],
  ): Promise<Refusal[]> {
    try {
      const bytes = messages.reduce((sum, { value = '' }) => sum + value.length, 0);
      await producer.send({ messages, ...(bytes < WORTH_COMPRESSING_BYTES && { compression: 'none' }) });
      return [];
    } catch (error) {
      if (!isBrokerError(error, PERMANENT_ERRORS)) throw error;
      if (messages.length === 1) return [{ eventId: messages[0]?.metadata as string, reason: reasonOf(error) }];
      const middle = Math.ceil(messages.length / 2);
      const first = await this.sendBatch(producer, messages.slice(0, middle));
      return [...first, ...(await this.sendBatch(producer, messages.slice(middle)))];
    }
  }

  private messageOf({ id, type, userId, event }: OutgoingEvent): KafkaMessage {
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

function* splitBySize(messages: KafkaMessage[]): Generator<KafkaMessage[]> {
  let batch: KafkaMessage[] = [];
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

/** Whether the error is one of these broker errors, without any other beside it. */
function isBrokerError(error: unknown, answers: readonly string[]): boolean {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.every((inner) => isBrokerError(inner, answers));
  }
  return answers.includes((error as { apiId?: string }).apiId ?? '');
}
