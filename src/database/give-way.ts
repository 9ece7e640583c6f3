import { setTimeout as sleep } from 'node:timers/promises';
import { postgresCode } from './transaction.js';

/** The longest time for which queries may queue behind a waiting migration. */
export const LOCK_TIMEOUT_MS = 2000;

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;
const GIVE_UP_AFTER_MS = 120_000;

const IN_THE_WAY = new Set(['55P03', '40P01']);

/** Whether work was aborted because others hold locks that it needs. */
export const isInTheWay = (error: unknown): boolean => IN_THE_WAY.has(postgresCode(error) ?? '');

/**
 * Retries work that did not get its lock in time, pausing so that others in the lock queue can proceed.
 * @param work is rolled back when it fails, and gives up waiting for locks (`lock_timeout`)
 * @throws the errors of `work`; that of the last attempt if others hold the lock for all of `giveUpAfterMs`
 */
export async function givingWay<T>(work: () => Promise<T>, giveUpAfterMs = GIVE_UP_AFTER_MS): Promise<T> {
  const giveUpAt = performance.now() + giveUpAfterMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isInTheWay(error) || performance.now() + pause > giveUpAt) throw error;
      await sleep(pause);
    }
  }
}
