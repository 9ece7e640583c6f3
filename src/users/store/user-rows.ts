import { getMetadataArgsStorage } from 'typeorm';
import type { Rank } from '../../access/policy.js';
import type { Transaction } from '../../database/transaction.js';
import { type Head, HEAD_COLUMNS, headOf, type HeadRow, JOINED_HEADS } from '../../events/event-heads.js';
import type { Write } from '../../events/event-log.js';
import { UserEntity, type UserRow } from './user.entity.js';

// In words: TypeORM would put these statements together anew each time, which takes the service longer than to send them.

const columns = getMetadataArgsStorage()
  .filterColumns(UserEntity)
  .map(({ propertyName, options }) => ({ ...options, property: propertyName, name: options.name ?? propertyName }));

/** The column list for SELECT or RETURNING that makes a row of `users` a `UserEntity`. */
export const USER_COLUMNS = columns.map(({ name, property }) => `users.${name} AS "${property}"`).join(', ');

const FIND = `SELECT ${USER_COLUMNS} FROM users WHERE id = $1`;
const LOCK = `${FIND} FOR UPDATE`;
const LOCK_FOR_CHANGE = `
  SELECT ${USER_COLUMNS}, ${HEAD_COLUMNS}, actor.role AS actor_role, actor.account_kind AS actor_kind,
    actor.suspended_at IS NULL AND actor.deleted_at IS NULL AS actor_is_active
  FROM users ${JOINED_HEADS} LEFT JOIN users AS actor ON actor.id = $2
  WHERE users.id = $1 FOR UPDATE OF users`;

const facts = columns.filter(({ insert, property }) => insert !== false && property !== 'id');
const INSERT = `INSERT INTO users (id, ${facts.map(({ name }) => name).join(', ')})
  VALUES ($1, ${facts.map((_, index) => `$${index + 2}`).join(', ')})`;
const UPDATE = `UPDATE users SET ${facts.map(({ name }, index) => `${name} = $${index + 2}`).join(', ')} WHERE id = $1`;
const DELETE = 'DELETE FROM users WHERE id = $1';

/** Who acts on a user. */
export interface ActorNow extends Rank {
  /** Neither suspended nor deleted. */
  readonly isActive: boolean;
}

/** A user whose row is locked until commit, with what a change needs besides. */
export interface LockedUser {
  readonly user: UserEntity;
  /** The event of the version that the user has; undefined if it is not known. */
  readonly head?: Head | undefined;
  /** As it was when the lock was asked for; undefined if there is no such user, or nobody was asked for. */
  readonly actor?: ActorNow | undefined;
}

type LockedRow = UserEntity &
  HeadRow & {
    readonly actor_role: Rank['role'] | null;
    readonly actor_kind: NonNullable<Rank['kind']>;
    readonly actor_is_active: boolean;
  };

export async function findRow(tx: Transaction, id: string): Promise<UserEntity | null> {
  const [user] = await tx.query<UserEntity[]>(FIND, [id]);
  return user ?? null;
}

export async function lockRow(tx: Transaction, id: string): Promise<UserEntity | null> {
  const [user] = await tx.query<UserEntity[]>(LOCK, [id]);
  return user ?? null;
}

/** All that a change needs, in one statement. @param actorId who acts, if that matters */
export async function lockRowForChange(tx: Transaction, id: string, actorId?: string): Promise<LockedUser | null> {
  const [row] = await tx.query<LockedRow[]>(LOCK_FOR_CHANGE, [id, actorId ?? null]);
  if (!row) return null;
  const { head_hash, head_at, head_key_id, head_wrapped, actor_role, actor_kind, actor_is_active, ...user } = row;
  // Having waited for the lock, PostgreSQL gives the user as it is now, and no event: the others are as they were before the wait.
  const head = headOf({ head_hash, head_at, head_key_id, head_wrapped });
  if (actorId === user.id) return { user, head, actor: actorOf(user) };
  if (actorId === undefined || actor_role === null) return { user, head };
  return { user, head, actor: { id: actorId, role: actor_role, kind: actor_kind, isActive: actor_is_active } };
}

/** What makes the row be as given; none is left if none is given. */
export function writeOf(id: string, row: UserRow | undefined, isNew: boolean): Write {
  if (!row) return { text: DELETE, values: [id] };
  const given = row as unknown as Readonly<Record<string, unknown>>;
  // An array is an array of PostgreSQL to `pg`, not JSON.
  const values = facts.map(({ property, type }) =>
    type === 'jsonb' ? JSON.stringify(given[property]) : given[property],
  );
  return { text: isNew ? INSERT : UPDATE, values: [id, ...values] };
}

export function actorOf({ id, role, kind, suspendedAt, deletedAt }: UserEntity): ActorNow {
  return { id, role, kind, isActive: suspendedAt === null && deletedAt === null };
}
