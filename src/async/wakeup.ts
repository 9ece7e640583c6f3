/** Says that there may be something new to look for. Only a hint: whoever waits for it looks every so often all the same. */
export class Hint {
  private count = 0;
  private readonly waiting = new Set<() => void>();

  /** How often it was given so far. Ask before looking, so that a hint given while looking is not missed. */
  get given(): number {
    return this.count;
  }

  give(): void {
    this.count++;
    for (const wake of [...this.waiting]) wake();
  }

  /**
   * Waits until it has been given more than `seen` times, for `ms` milliseconds at most, or until `signal` aborts.
   * @returns whether it was given
   */
  async after(seen: number, ms: number, signal: AbortSignal): Promise<boolean> {
    if (this.count === seen && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const wake = (): void => resolve(undefined);
      const timer = setTimeout(wake, ms);
      this.waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      clearTimeout(timer);
      this.waiting.delete(wake);
      signal.removeEventListener('abort', wake);
    }
    return this.count > seen;
  }
}
