import canonicalize from 'canonicalize';
import { EVENT_COLUMNS, type EventRow } from '../events/event-log.js';
import type { WrappedUserKey } from '../events/personal-data.js';
import { rowOf, type UserRow } from '../users/store/user.entity.js';
import type { UserState } from '../users/aggregate/user.js';
import { Chain } from './chain.js';
import { RowReader, type Snapshot } from './snapshot.js';
import type { Fault } from './fault.js';
import type { OperatorContext } from './operator-context.js';

/** A row of `users` by column name, without columns outside the log. */
export type StoredUser = Readonly<Record<string, unknown>> & { readonly id: string };

/** One user, in the log and in the table. */
export interface WalkedUser {
  readonly id: string;
  /** Of its last event. */
  readonly version: number;
  /** Faults of its events. */
  readonly faults: readonly Fault[];
  /** The row that follows from its events; undefined if there should be none, or the events are broken. */
  readonly expected: StoredUser | undefined;
  readonly actual: StoredUser | undefined;
}

interface UserKeyRow extends WrappedUserKey {
  readonly user_id: string;
}

/**
 * All users in the log, the table `users` or the table `user_keys`, in the order of their ids. Read in one pass, in constant memory
 * regardless of the number of events per user.
 * @param onEvents called with the number of events read since the last call
 */
export async function* walkUsers(
  operator: OperatorContext,
  snapshot: Snapshot,
  onEvents: (count: number) => void,
): AsyncGenerator<WalkedUser> {
  const { keyring, personalData, userColumns } = operator;
  const columns = [...userColumns.values()].map((column) => `"${column}"`);
  const events = await RowReader.open<EventRow>(
    snapshot,
    'events_to_walk',
    `SELECT ${EVENT_COLUMNS.join(', ')} FROM user_events ORDER BY user_id, user_version`,
  );
  const rows = await RowReader.open<StoredUser>(
    snapshot,
    'rows_to_walk',
    `SELECT ${columns.join(', ')} FROM users ORDER BY id`,
  );
  const keys = await RowReader.open<UserKeyRow>(snapshot, 'keys_to_walk', 'SELECT * FROM user_keys ORDER BY user_id');

  for (;;) {
    const [event, row, key] = [await events.peek(), await rows.peek(), await keys.peek()];
    const ids = [event?.user_id, row?.id, key?.user_id].filter((id) => id !== undefined);
    const id = ids.sort()[0];
    if (id === undefined) return;
    const actual = row?.id === id ? row : undefined;
    if (actual) rows.advance();
    const wrappedKey = key?.user_id === id ? key : undefined;
    if (wrappedKey) keys.advance();

    const chain = new Chain(id, wrappedKey, keyring, personalData);
    let read = 0;
    for (let next = event; next?.user_id === id; next = events.atHand || (await events.peek())) {
      chain.add(next);
      events.advance();
      read++;
    }
    chain.end();
    onEvents(read);
    const { version, faults, state } = chain;
    const expected = faults.length === 0 && state ? storedUserOf(state, userColumns) : undefined;
    yield { id, version, faults, expected, actual };
  }
}

/** The row of a state, by column name. */
export function storedUserOf(state: UserState, userColumns: OperatorContext['userColumns']): StoredUser | undefined {
  const row = rowOf(state);
  if (!row) return undefined;
  const entries = [...userColumns].map(([property, column]) => [column, row[property as keyof UserRow]]);
  return Object.fromEntries(entries) as StoredUser;
}

/** The columns in which a row differs from the expected one. */
export function differingColumns(expected: StoredUser, actual: StoredUser): string[] {
  return Object.keys(expected).filter(
    (column) => !isSame(expected[column], actual[column]) && !lacksKey(column, actual),
  );
}

/** A user who shares a mailbox may have no key (`SharedMailboxes`); which one has it is not in the log. */
export function lacksKey(column: string, { email, email_key, pending }: StoredUser): boolean {
  return column === 'email_key' && email !== null && email_key === null && pending === false;
}

function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime();
  // PostgreSQL reorders the fields of jsonb.
  return typeof left === 'object' && typeof right === 'object' && canonicalize(left) === canonicalize(right);
}
