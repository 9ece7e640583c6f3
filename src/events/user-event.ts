import type { Actor } from '../access/caller.js';
import type { NewUserEvent, UserEventType } from './catalogue.js';

interface Envelope {
  /** UUIDv7; consumers deduplicate on it. */
  readonly id: string;
  readonly userId: string;
  /** 1, 2, 3, ... without gaps for each user. */
  readonly userVersion: number;
  /** Schema version of `data`. */
  readonly version: number;
  readonly actor: Actor;
  readonly traceId: string;
  readonly occurredAt: Date;
}

/** An event as the log holds it, with its personal data readable. */
export type UserEvent = Envelope & NewUserEvent;

export type UserEventOf<T extends UserEventType> = Extract<UserEvent, { type: T }>;
