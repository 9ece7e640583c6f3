import type { Transaction } from '../database/transaction.js';
import type { WrappedUserKey } from './personal-data.js';

/** Of the last event of a user, what the next one follows; with the user's key, which that one is sealed under. */
export interface Head {
  readonly hash: Buffer;
  readonly occurred_at: Date;
  readonly userKey?: WrappedUserKey;
}

/** What `HEAD_COLUMNS` select: nothing but null without the event, or the key. */
export interface HeadRow {
  readonly head_hash: Buffer | null;
  readonly head_at: Date;
  readonly head_key_id: string | null;
  readonly head_wrapped: Buffer;
}

/** For a statement that selects from `users` and reads the heads as well. */
export const HEAD_COLUMNS = `head.hash AS head_hash, head.occurred_at AS head_at,
    user_keys.key_id AS head_key_id, user_keys.wrapped AS head_wrapped`;
export const JOINED_HEADS = `LEFT JOIN user_events AS head ON head.user_id = users.id AND head.user_version = users.version
  LEFT JOIN user_keys ON user_keys.user_id = users.id`;

const FIND = `
  SELECT ${HEAD_COLUMNS} FROM user_events AS head LEFT JOIN user_keys ON user_keys.user_id = head.user_id
  WHERE head.user_id = $1 AND head.user_version = $2`;

/** @returns undefined if the event was not there */
export function headOf({ head_hash: hash, head_at, head_key_id, head_wrapped }: HeadRow): Head | undefined {
  if (hash === null) return undefined;
  const head = { hash, occurred_at: head_at };
  return head_key_id === null ? head : { ...head, userKey: { key_id: head_key_id, wrapped: head_wrapped } };
}

/** @throws Error if there is no such event */
export async function findHead(tx: Transaction, userId: string, version: number): Promise<Head | undefined> {
  if (version === 0) return undefined;
  const [row] = await tx.query<HeadRow[]>(FIND, [userId, version]);
  const head = row && headOf(row);
  if (!head) throw new Error(`The row of user ${userId} has version ${version}, but the log has no such event`);
  return head;
}
