/** How long after its last work a loop still polls at its usual interval. */
const QUIET_AFTER_MS = 60_000;

/** How often to poll without a wakeup: less often where there was nothing to do for a minute. */
export class PollInterval {
  private workedAt = performance.now();

  constructor(
    private readonly usualMs: number,
    private readonly quietMs: number,
  ) {}

  /** To be called when there was something to do. */
  worked(): void {
    this.workedAt = performance.now();
  }

  /** In milliseconds. */
  get ms(): number {
    return performance.now() - this.workedAt < QUIET_AFTER_MS ? this.usualMs : this.quietMs;
  }
}
