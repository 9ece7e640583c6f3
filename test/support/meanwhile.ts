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
 * @returns what became of it
 */
export async function beforeCommit<T>(
  database: TestDatabase,
  [sql, ...values]: readonly string[],
  begin: () => PromiseLike<T>,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
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
    await meanwhile();
    await client.query('COMMIT');
    return await begun;
  } finally {
    await client.end();
  }
}
