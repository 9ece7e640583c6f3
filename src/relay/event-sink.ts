import type { UserEventType } from '../events/catalogue.js';
import type { CloudEvent } from './cloud-event.js';

/** An event to publish. */
export interface OutgoingEvent {
  /** Its position in the feed: 1, 2, 3, ... without gaps. */
  readonly position: number;
  /** UUIDv7; the same each time it is sent. Consumers deduplicate on it. */
  readonly id: string;
  readonly type: UserEventType;
  readonly userId: string;
  readonly userVersion: number;
  /** The message. */
  readonly event: CloudEvent;
}

/** A message that the sink will never accept. */
export interface Refusal {
  readonly eventId: string;
  /** For people: the answer of the sink. */
  readonly reason: string;
}

/** A destination of events. The relay publishes batches in the order of the feed, and retries each until it succeeds. */
export interface EventSink {
  /** Identifies its position and its dead letters, also for operators: `kafka`, `rabbitmq`. */
  readonly name: string;
  /**
   * SQL: whether nobody wants events now. The position then moves on without `publish`, in the statement that looks, so that whoever
   * wants them later misses none that happened since.
   */
  readonly isIdle?: string;
  /**
   * Sends a batch, and returns when the sink has confirmed every message but the refused ones. The events of one user must arrive in
   * this order.
   * @returns the messages that are refused for good: each becomes a dead letter, and the relay continues
   * @throws Error when the sink is unavailable: the relay retries the whole batch later
   */
  publish(events: readonly OutgoingEvent[]): Promise<readonly Refusal[]>;
  /** Closes connections, when this server does not lead any more or shuts down; `publish` opens new ones. */
  close?(): Promise<void>;
}
