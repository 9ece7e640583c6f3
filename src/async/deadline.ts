export interface DeadlineOptions {
  /** Of the error when the time is over. */
  readonly message?: string;
  /** Ends the wait early. */
  readonly signal?: AbortSignal;
}

/**
 * Starts `work` and waits for it, for `limitMs` milliseconds at most. The work itself goes on.
 * @throws what `work` throws; an Error when the time is over; the reason of `signal` when that aborts
 */
export async function withDeadline<T>(
  limitMs: number,
  work: () => Promise<T>,
  { message = `no answer within ${limitMs / 1000} s`, signal }: DeadlineOptions = {},
): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  // `work` may throw before it has a promise, and then nobody waits for this one.
  ended.catch(() => undefined);
  const timer = setTimeout(() => reject(new Error(message)), limitMs);
  const onAbort = (): void => reject(signal?.reason as Error);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const working = work();
    if (signal?.aborted) onAbort();
    return await Promise.race([working, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
