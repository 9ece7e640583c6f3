import { setImmediate as afterPending } from 'node:timers/promises';
import { type Channel, Connection, type ReturnedMessage } from 'rabbitmq-client';
import type { EventSink, OutgoingEvent, Refusal } from '../event-sink.js';

const CONNECT_WITHIN_MS = 5000;
const HEARTBEAT_SECONDS = 10;
const CONTENT_TYPE = 'application/cloudevents+json';

/**
 * RabbitMQ: a durable topic exchange, the event type as routing key. Messages are persistent and mandatory, and the broker confirms
 * each. One that it returns, as no bound queue takes it, counts as refused: it would be lost unseen.
 */
export class RabbitmqSink implements EventSink {
  readonly name = 'rabbitmq';
  private connection: Connection | undefined;
  private channel: Channel | undefined;
  private returned: ReturnedMessage[] = [];

  constructor(
    private readonly url: string,
    private readonly exchange: string,
  ) {}

  async publish(events: readonly OutgoingEvent[]): Promise<readonly Refusal[]> {
    const channel = (this.channel ??= await this.openChannel());
    this.returned = [];
    await Promise.all(events.map((event) => this.sendEvent(channel, event)));
    // By now, returns that came before the last confirm have been emitted.
    await afterPending();
    return this.returned.map(({ messageId = '', routingKey, replyText }) => ({
      eventId: messageId,
      reason: `no queue at exchange ${this.exchange} takes ${routingKey} (${replyText})`,
    }));
  }

  close(): Promise<void> {
    this.connection?.unsafeDestroy();
    this.connection = undefined;
    this.channel = undefined;
    return Promise.resolve();
  }

  private async openChannel(): Promise<Channel> {
    const connection = new Connection({
      url: this.url,
      connectionName: 'roster',
      connectionTimeout: CONNECT_WITHIN_MS,
      acquireTimeout: 2 * CONNECT_WITHIN_MS,
      heartbeat: HEARTBEAT_SECONDS,
      noDelay: true,
    });
    this.connection = connection;
    // The client would reconnect by itself. Its first failure is one for the relay, which opens another connection later.
    const { promise: failed, reject } = Promise.withResolvers<never>();
    failed.catch(() => undefined);
    connection.on('error', reject);
    return Promise.race([this.prepare(connection), failed]);
  }

  private async prepare(connection: Connection): Promise<Channel> {
    const channel = await connection.acquire();
    await channel.exchangeDeclare({ exchange: this.exchange, type: 'topic', durable: true });
    await channel.confirmSelect();
    channel.on('basic.return', (message) => this.returned.push(message));
    return channel;
  }

  private async sendEvent(channel: Channel, { id, type, event }: OutgoingEvent): Promise<void> {
    const envelope = {
      exchange: this.exchange,
      routingKey: type,
      durable: true,
      mandatory: true,
      messageId: id,
      type,
      appId: 'roster',
      contentType: CONTENT_TYPE,
      timestamp: Math.floor(Date.parse(event.time) / 1000),
      headers: { ...(event.traceparent !== undefined && { traceparent: event.traceparent }) },
    };
    await channel.basicPublish(envelope, Buffer.from(JSON.stringify(event)));
  }
}
