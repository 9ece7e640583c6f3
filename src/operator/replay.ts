import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { postgresCode } from '../database/transaction.js';
import { Snapshot } from './snapshot.js';
import type { Fault } from './fault.js';
import type { Progress } from './progress.js';
import { Rebuilt } from './rebuilt.js';
import { faultsOf } from './verify.js';
import { differingColumns, lacksKey, walkUsers } from './walk.js';
import type { OperatorContext } from './operator-context.js';

export interface Replay {
  readonly users: number;
  readonly events: number;
  /** Duration of reading and folding. */
  readonly seconds: number;
  /** Rows that differed from the log and, except in a dry run, were repaired. */
  readonly differed: number;
  /** Some of them, with the differing columns. */
  readonly examples: readonly Fault[];
  /** Users with broken events, whose row cannot be rebuilt, and rows that the database refused. */
  readonly unsettled: readonly Fault[];
  /** The longest time that writers of users were blocked. */
  readonly longestLockMs: number;
}

const EXAMPLES = 20;
const CHUNK = 1000;
const LOCK_ATTEMPTS = 100;
const PAUSE_MS = 200;
const DEADLOCK = '40P01';
const LOCK_TIMEOUT = '55P03';
const UNIQUE_VIOLATION = '23505';

/**
 * Rebuilds every user from a snapshot of the log, next to the table `users`, and merges differing rows into it. A row that matches
 * the snapshot stays correct, since servers change it with the same `evolve`. So only differing rows are caught up and merged, in
 * batches of a thousand, each under its own lock.
 */
export async function replay(
  operator: OperatorContext,
  { dryRun, progress }: { readonly dryRun: boolean; readonly progress: Progress },
): Promise<Replay> {
  const writer = await operator.connect();
  const rebuilt = await Rebuilt.make(operator, writer);
  const [examples, unsettled]: [Fault[], Fault[]] = [[], []];
  let [users, events] = [0, 0];
  const begin = performance.now();
  const snapshot = await Snapshot.begin(await operator.connect());
  progress.start(await snapshot.countEvents());
  const onEvents = (count: number) => {
    events += count;
    progress.add(count);
  };
  try {
    for await (const user of walkUsers(operator, snapshot, onEvents)) {
      users++;
      const { id, expected, actual, version } = user;
      const faults = faultsOf(user);
      if (faults.length === 0) continue;
      // If the log is broken or ends before the row, the row may be the only remaining record.
      if (user.faults.length > 0 || version < Number(actual?.['version'] ?? 0)) {
        unsettled.push(...faults);
        continue;
      }
      if (examples.length < EXAMPLES) examples.push(...faults);
      const identifiers = !expected || !actual || differingColumns(expected, actual).some(isIdentifier);
      const isKeyless = expected && actual && lacksKey('email_key', actual);
      await rebuilt.add({ id, version, row: isKeyless ? { ...expected, email_key: null } : expected, identifiers });
    }
  } finally {
    progress.stop();
  }
  await snapshot.end();
  const seconds = (performance.now() - begin) / 1000;
  const differed = await rebuilt.finish();
  const merged = dryRun ? { longestLockMs: 0, refused: [] } : await mergeAll(rebuilt, writer);
  return {
    users,
    events,
    seconds,
    differed,
    examples,
    unsettled: [...unsettled, ...merged.refused],
    longestLockMs: merged.longestLockMs,
  };
}

function isIdentifier(column: string): boolean {
  return ['email_key', 'username_key', 'pending'].includes(column);
}

interface Merged {
  readonly refused: Fault[];
  longestLockMs: number;
}

async function mergeAll(rebuilt: Rebuilt, client: pg.Client): Promise<Merged> {
  const merged: Merged = { refused: [], longestLockMs: 0 };
  for (let ids = await rebuilt.next(CHUNK); ids.length > 0; ids = await rebuilt.next(CHUNK)) {
    await merge(rebuilt, client, ids, merged);
  }
  return merged;
}

async function merge(rebuilt: Rebuilt, client: pg.Client, ids: readonly string[], merged: Merged): Promise<void> {
  try {
    const lockMs = await underLock(client, () => rebuilt.merge(ids, merged.refused));
    merged.longestLockMs = Math.max(merged.longestLockMs, lockMs);
  } catch (error) {
    if (postgresCode(error) !== UNIQUE_VIOLATION) throw error;
    const [userId = ''] = ids;
    if (ids.length > 1) {
      const half = Math.ceil(ids.length / 2);
      await merge(rebuilt, client, ids.slice(0, half), merged);
      await merge(rebuilt, client, ids.slice(half), merged);
    } else {
      const index = (error as { constraint?: string }).constraint ?? 'a unique index';
      merged.refused.push({
        userId,
        what: `its row cannot be repaired: another user now occupies its entry in ${index}`,
      });
    }
  }
}

/**
 * Runs `work` in a transaction while nobody writes to `users`. EXCLUSIVE also waits for holders of row locks, with whom a weaker
 * lock could deadlock. If one is held for long, we retry instead of blocking everybody.
 * @returns the milliseconds for which the lock was held
 */
async function underLock(client: pg.Client, work: () => Promise<void>): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    await client.query('BEGIN');
    try {
      await client.query("SET LOCAL lock_timeout = '2s'");
      await client.query("SET LOCAL statement_timeout = '60s'");
      await client.query('LOCK TABLE users IN EXCLUSIVE MODE');
      const begin = performance.now();
      await work();
      await client.query('COMMIT');
      return performance.now() - begin;
    } catch (error) {
      await client.query('ROLLBACK');
      if (![DEADLOCK, LOCK_TIMEOUT].includes(postgresCode(error) ?? '') || attempt === LOCK_ATTEMPTS) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
