import pg from 'pg';
import type { TestDatabase } from './database.js';
import { eventually } from './eventually.js';

/** How many statements in the database wait for a lock. */
export async function countWaiting(database: TestDatabase): Promise<number> {
  const sql = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  return (await database.query(sql)).length;
}

/**
 * Executes a statement, begins something, does more as soon as that waits for a lock or is over, and commits.
 * @param meanwhile gets the connection that is about to commit
 * @returns what became of it
 */
export async function beforeCommit<T>(
  database: TestDatabase,
  [sql, ...values]: readonly string[],
  begin: () => PromiseLike<T>,
  meanwhile: (holder: pg.Client) => Promise<unknown> = () => Promise.resolve(),
): Promise<T> {
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(sql!, values);
    let isOver = false;
    const begun = Promise.resolve(begin()).finally(() => (isOver = true));
    // Thrown where it is waited for.
    begun.catch(() => undefined);
    await eventually(async () => isOver || (await countWaiting(database)) > 0);
    await meanwhile(client);
    await client.query('COMMIT');
    return await begun;
  } finally {
    await client.end();
  }
}

/**
 * Executes a statement, begins something that has to wait for it and then something that has to wait as well, and commits: the first goes on
 * first.
 * @returns what became of both
 */
export async function inTurn<A, B>(
  database: TestDatabase,
  statement: readonly string[],
  begin: () => PromiseLike<A>,
  then: () => PromiseLike<B>,
): Promise<[A, B]> {
  let second: Promise<B> | undefined;
  const first = await beforeCommit(database, statement, begin, async () => {
    second = Promise.resolve(then());
    second.catch(() => undefined);
    await eventually(async () => (await countWaiting(database)) > 1);
  });
  return [first, (await second) as B];
}
