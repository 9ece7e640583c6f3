import type { UserEventType } from '../events/catalogue.js';
import type { CloudEvent } from './cloud-event.js';

/** An event on its way out of Roster, in the order of the feed. */
export interface OutgoingEvent {
  /** Its place in the feed: 1, 2, 3, ... without gaps. */
  readonly position: number;
  /** UUIDv7; the same however often it is sent. Consumers deduplicate on it. */
  readonly id: string;
  readonly type: UserEventType;
  readonly userId: string;
  readonly userVersion: number;
  /** The message, ready for JSON. */
  readonly event: CloudEvent;
}

/** A message that the sink will never take, however often it is sent. */
export interface Refusal {
  readonly eventId: string;
  /** For people: what the sink said. */
  readonly reason: string;
}

/** Somewhere that events go. The relay hands it batches in the order of the feed, and a batch again until it returns. */
export interface EventSink {
  /** Under which its cursor and its dead letters are kept, and operators name it: `kafka`, `rabbitmq`. */
  readonly name: string;
  /**
   * Sends a batch, and returns when the sink has confirmed every message that is not among the refusals. What it holds of one
   * user has to arrive in this order.
   * @returns the messages that are refused for good: each becomes a dead letter, and the relay goes on
   * @throws Error when the sink cannot be had at the moment: the relay sends the whole batch again later
   */
  publish(events: readonly OutgoingEvent[]): Promise<readonly Refusal[]>;
  /** Lets connections go, when this server leads no longer or ends; `publish` opens new ones. */
  close?(): Promise<void>;
}
