import { Inject, Injectable } from '@nestjs/common';
import canonicalize from 'canonicalize';
import { v7 as uuidv7 } from 'uuid';
import type { Actor, RequestContext } from '../access/caller.js';
import { Clock } from '../config/clock.js';
import { type Key, Keyring } from '../database/keyring.js';
import { hmacWith } from '../database/sealing.js';
import { afterCommit, type Transaction, violatedConstraint } from '../database/transaction.js';
import { TransactionMemory } from '../database/transaction-memory.js';
import type { NewUserEvent } from './catalogue.js';
import { VersionConflict } from './event-errors.js';
import { findHead, type Head } from './event-heads.js';
import { openEventSpan } from '../tracing/event-spans.js';
import { PersonalData, type SealedEvent } from './personal-data.js';
import { Sequencer } from './sequencer.js';
import { type EventShapes, upcast } from './upcast.js';
import type { UserEvent } from './user-event.js';

/** A row of `user_events`: `data` may be kept for ever, `personal` is the sealed rest. */
export interface EventRow {
  readonly id: string;
  readonly user_id: string;
  readonly user_version: number;
  readonly type: NewUserEvent['type'];
  readonly schema_version: number;
  readonly actor: Actor;
  readonly trace_id: string;
  readonly occurred_at: Date;
  readonly data: Record<string, unknown>;
  readonly personal: Buffer | null;
  readonly previous_hash: Buffer | null;
  readonly key_id: string;
  readonly hash: Buffer;
}

export const EVENT_COLUMNS = [
  'id',
  'user_id',
  'user_version',
  'type',
  'schema_version',
  'actor',
  'trace_id',
  'occurred_at',
  'data',
  'personal',
  'previous_hash',
  'key_id',
  'hash',
] as const satisfies readonly (keyof EventRow)[];

/** Where events are appended: after which version of which user. */
export interface StreamEnd {
  readonly userId: string;
  readonly afterVersion: number;
  /** The event of that version, if the transaction has read it with the user locked. */
  readonly head?: Head | undefined;
}

/** A statement that changes rows. */
export interface Write {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The append-only record of every change to a user. The database refuses UPDATE, DELETE and TRUNCATE on it. */
@Injectable()
export class EventLog {
  /** The last events that open transactions have written themselves, by user. */
  private readonly heads = new TransactionMemory<Written>();

  constructor(
    private readonly clock: Clock,
    private readonly keyring: Keyring,
    private readonly personalData: PersonalData,
    @Inject(Sequencer) private readonly sequencer: Pick<Sequencer, 'wake'>,
  ) {}

  /**
   * Appends events after a version of one user, in the caller's transaction. No event is older than the one before it, whatever the
   * clocks of several servers say: times are in the order of versions.
   * @param writeWith gives what is written together with the events, in one statement: all of it is, or nothing
   * @throws VersionConflict when another transaction has written that version meanwhile
   */
  async append(
    tx: Transaction,
    stream: StreamEnd,
    newEvents: readonly NewUserEvent[],
    context: Pick<RequestContext, 'actor' | 'traceId'>,
    writeWith?: (events: readonly UserEvent[]) => Promise<Write>,
  ): Promise<UserEvent[]> {
    const own = this.heads.get(tx, stream.userId);
    const head =
      own?.version === stream.afterVersion
        ? own
        : (stream.head ?? (await findHead(tx, stream.userId, stream.afterVersion)));
    let previousHash = head?.hash ?? null;
    const now = this.clock.now();
    const occurredAt = head && head.occurred_at > now ? head.occurred_at : now;
    const rows: EventRow[] = [];
    for (const [index, newEvent] of newEvents.entries()) {
      const sealed = await this.personalData.seal(tx, stream.userId, newEvent, head?.userKey);
      const key = this.keyring.current('event-chain');
      const place = {
        id: uuidv7(),
        user_id: stream.userId,
        user_version: stream.afterVersion + index + 1,
        actor: context.actor,
        trace_id: context.traceId,
        occurred_at: occurredAt,
        previous_hash: previousHash,
      };
      const row = chainedRow(place, newEvent.type, sealed, key);
      previousHash = row.hash;
      rows.push(row);
    }
    const events = rows.map((row, index) => toEvent(row, () => newEvents[index]?.data ?? {}));
    await this.write(tx, rows, await writeWith?.(events));
    const version = stream.afterVersion + events.length;
    if (previousHash) this.heads.set(tx, stream.userId, { version, hash: previousHash, occurred_at: occurredAt });
    // A trigger has put each into the outbox, from where the sequencer gives it a position.
    afterCommit(tx, this.sequencer.wake);
    return events;
  }

  private async write(tx: Transaction, rows: readonly EventRow[], together?: Write): Promise<void> {
    if (rows.length === 0) return;
    const spans = rows.map(({ id, type, trace_id: traceId }) => openEventSpan({ id, type, traceId }));
    const { text, values } = withEvents(rows, together);
    try {
      await tx.query(text, values);
    } catch (error) {
      if (violatedConstraint(error) === 'user_events_user_version') throw new VersionConflict();
      throw error;
    }
    for (const span of spans) if (span) afterCommit(tx, () => span.end());
  }

  /**
   * The events of one user, the oldest first: all of them, or a range of versions. Personal values are null where the user's key was
   * destroyed.
   * @throws NewerEvent
   */
  async read(tx: Transaction, userId: string, { after = 0, upTo }: VersionRange = {}): Promise<UserEvent[]> {
    const rows = await tx.query<EventRow[]>(
      `SELECT * FROM user_events WHERE user_id = $1 AND user_version > $2 AND ($3::integer IS NULL OR user_version <= $3)
       ORDER BY user_version`,
      [userId, after, upTo ?? null],
    );
    const open = await this.personalData.opener(tx, userId);
    return rows.map((row) => toEvent(row, open));
  }
}

/** Whose event it is, which one, who caused it and when, and the hash before it. */
type EventPlace = Pick<
  EventRow,
  'id' | 'user_id' | 'user_version' | 'actor' | 'trace_id' | 'occurred_at' | 'previous_hash'
>;

/** The row of a sealed event, chained to the one before it. */
export function chainedRow(place: EventPlace, type: EventRow['type'], sealed: SealedEvent, key: Key): EventRow {
  const row = {
    ...place,
    type,
    schema_version: sealed.version,
    data: sealed.open,
    personal: sealed.personal,
    key_id: key.id,
  };
  return { ...row, hash: chainHash(row, key.secret) };
}

interface VersionRange {
  readonly after?: number;
  readonly upTo?: number;
}

type Written = Head & { readonly version: number };

/**
 * HMAC-SHA-256 over the canonical JSON (RFC 8785) of the whole row, sealed bytes included, and the hash before it: a changed, missing
 * or reordered event breaks the chain.
 */
export function chainHash(row: Omit<EventRow, 'hash'>, key: Buffer): Buffer {
  const canonical = canonicalize({
    ...row,
    occurred_at: row.occurred_at.toISOString(),
    personal: row.personal?.toString('base64') ?? null,
    previous_hash: row.previous_hash?.toString('base64') ?? null,
  });
  return hmacWith(key)
    .update(canonical ?? '')
    .digest();
}

/** The statement that adds the rows, and makes another write as well: its parameters come first. */
function withEvents(rows: readonly EventRow[], together?: Write): { text: string; values: unknown[] } {
  const values = [...(together?.values ?? [])];
  const placesOf = (row: EventRow): string =>
    `(${EVENT_COLUMNS.map((column) => `$${values.push(row[column])}`).join()})`;
  const insert = `INSERT INTO user_events (${EVENT_COLUMNS.join(', ')}) VALUES ${rows.map(placesOf).join(', ')}`;
  return { text: together ? `WITH appended AS (${insert}) ${together.text}` : insert, values };
}

/**
 * The event of a row of the log, upcast to the current schema version. Every reader of the log goes through here.
 * @param open gives the data as it was written; see `PersonalData.opener`
 * @throws NewerEvent
 */
export function toEvent(
  row: Omit<EventRow, 'hash'>,
  open: (row: Omit<EventRow, 'hash'>) => Record<string, unknown>,
  shapes?: EventShapes,
): UserEvent {
  const { version, data } = upcast(row, open(row), shapes);
  return {
    id: row.id,
    userId: row.user_id,
    userVersion: row.user_version,
    version,
    actor: row.actor,
    traceId: row.trace_id,
    occurredAt: row.occurred_at,
    type: row.type,
    data,
  } as UserEvent;
}
