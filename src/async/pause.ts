import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for `ms` milliseconds, or until `signal` aborts, which is no error. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** Waits until `work` is done, for `ms` milliseconds at most. The timer does not keep the process alive. @throws what `work` throws */
export async function waitAtMost(ms: number, work: Promise<unknown> | undefined): Promise<void> {
  await Promise.race([work, sleep(ms, undefined, { ref: false })]);
}
