import { setTimeout as sleep } from 'node:timers/promises';
import { postgresCode } from './transaction.js';

/** Whoever asks for a table after a migration waits behind it: no longer than this. */
export const LOCK_TIMEOUT_MS = 2000;

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;
const GIVE_UP_AFTER_MS = 120_000;

const IN_THE_WAY = new Set(['55P03', '40P01']);

/** Whether work was ended because others hold what it needs. */
export const isInTheWay = (error: unknown): boolean => IN_THE_WAY.has(postgresCode(error) ?? '');

/**
 * Does again what did not get its lock in time, with pauses in which those who came after it go first.
 * @param work leaves nothing behind when it fails, and gives up a lock that it does not get (`lock_timeout`)
 * @throws what `work` throws; that of its last try when others hold the lock for all of `giveUpAfterMs`
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
