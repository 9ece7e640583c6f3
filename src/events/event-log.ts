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
import { openEventSpan } from '../tracing/event-spans.js';
import { PersonalData, type SealedEvent, type WrappedUserKey } from './personal-data.js';
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
   * Appends events after version `afterVersion` of one user, in the caller's transaction. No event is older than the one before it,
   * whatever the clocks of several servers say: times are in the order of versions.
   * @throws VersionConflict when another transaction has written that version meanwhile
   */
  async append(
    tx: Transaction,
    stream: { readonly userId: string; readonly afterVersion: number },
    newEvents: readonly NewUserEvent[],
    context: Pick<RequestContext, 'actor' | 'traceId'>,
  ): Promise<UserEvent[]> {
    const own = this.heads.get(tx, stream.userId);
    const head = own?.version === stream.afterVersion ? own : await findHead(tx, stream.userId, stream.afterVersion);
    let previousHash = head?.hash ?? null;
    const now = this.clock.now();
    const occurredAt = head && head.occurred_at > now ? head.occurred_at : now;
    const events: UserEvent[] = [];
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
      const span = openEventSpan({ id: row.id, type: row.type, traceId: row.trace_id });
      await insert(tx, row);
      if (span) afterCommit(tx, () => span.end());
      events.push(toEvent(row, () => newEvent.data));
    }
    const version = stream.afterVersion + events.length;
    if (previousHash) this.heads.set(tx, stream.userId, { version, hash: previousHash, occurred_at: occurredAt });
    // A trigger has put each into the outbox, from where the sequencer gives it a position.
    afterCommit(tx, this.sequencer.wake);
    return events;
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

type Head = Pick<EventRow, 'hash' | 'occurred_at'> & { readonly userKey?: WrappedUserKey };
type Written = Head & { readonly version: number };

type Nullable<Row> = { readonly [Column in keyof Row]: Row[Column] | null };

/** With the user's key, which the next event is sealed under. */
async function findHead(tx: Transaction, userId: string, version: number): Promise<Head | null> {
  if (version === 0) return null;
  const [row] = await tx.query<(Head & Nullable<WrappedUserKey>)[]>(
    `SELECT hash, occurred_at, user_keys.key_id, wrapped
     FROM user_events AS event LEFT JOIN user_keys ON user_keys.user_id = event.user_id
     WHERE event.user_id = $1 AND user_version = $2`,
    [userId, version],
  );
  if (!row) throw new Error(`The row of user ${userId} has version ${version}, but the log has no such event`);
  const { key_id, wrapped, ...head } = row;
  return key_id === null || wrapped === null ? head : { ...head, userKey: { key_id, wrapped } };
}

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

async function insert(tx: Transaction, row: EventRow): Promise<void> {
  try {
    await tx.query(
      `INSERT INTO user_events (id, user_id, user_version, type, schema_version, actor, trace_id, occurred_at, data,
         personal, previous_hash, key_id, hash)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        row.id,
        row.user_id,
        row.user_version,
        row.type,
        row.schema_version,
        row.actor,
        row.trace_id,
        row.occurred_at,
        row.data,
        row.personal,
        row.previous_hash,
        row.key_id,
        row.hash,
      ],
    );
  } catch (error) {
    if (violatedConstraint(error) === 'user_events_user_version') throw new VersionConflict();
    throw error;
  }
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
