/** Wakes loops that poll. Only a hint: a wakeup can be missed, so a loop that waits for one polls at intervals all the same. */
export class Wakeup {
  private total = 0;
  private readonly waiting = new Set<() => void>();

  /** How many wakeups there were so far. Read it before polling, so that a wakeup during the poll is not missed. */
  get count(): number {
    return this.total;
  }

  wake(): void {
    this.total++;
    for (const wake of [...this.waiting]) wake();
  }

  /**
   * Waits for a wakeup after the first `seen` ones, until `timeoutMs` have passed or `signal` aborts.
   * @returns whether there was one
   */
  async waitAfter(seen: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.total === seen && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const wake = (): void => resolve(undefined);
      const timer = setTimeout(wake, timeoutMs);
      this.waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      clearTimeout(timer);
      this.waiting.delete(wake);
      signal.removeEventListener('abort', wake);
    }
    return this.total > seen;
  }
}
