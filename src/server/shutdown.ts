const LONGEST_END_MS = 9500;
/** Before the sender of the signal ends the process by force. */
const SAFETY_MS = 500;

/** The process was stopped while starting. */
export class Interrupted extends Error {}

/** Everything this process has started, to be stopped in reverse order when it ends. */
export class Shutdown {
  private readonly parts: { readonly name: string; readonly stop: () => Promise<void> }[] = [];
  private ended: Promise<void> | undefined;
  private longestEndMs = LONGEST_END_MS;

  get ending(): boolean {
    return this.ended !== undefined;
  }

  register(name: string, stop: () => Promise<void>): void {
    this.parts.push({ name, stop });
    // A part that was still starting when the shutdown began.
    if (this.ending) void stop();
  }

  /** @throws Interrupted when the process is to end */
  throwIfEnding(): void {
    if (this.ending) throw new Interrupted();
  }

  /** @param timeoutMs in which the process ends, whatever hangs; 10 seconds before this is called */
  endWithin(timeoutMs: number): void {
    this.longestEndMs = timeoutMs - SAFETY_MS;
  }

  endOnSignals(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void this.end(0));
  }

  /** Stops everything and exits in time, even if something hangs. */
  end(exitCode: number): Promise<void> {
    return (this.ended ??= this.stopAll(exitCode));
  }

  private async stopAll(exitCode: number): Promise<void> {
    process.exitCode = exitCode;
    setTimeout(() => {
      console.error('Shutdown timed out; exiting.');
      process.exit(1);
    }, this.longestEndMs).unref();
    for (const { name, stop } of this.parts.toReversed()) {
      await stop().catch((error: unknown) => {
        console.error(`${name} did not stop cleanly:`, error);
        process.exitCode = 1;
      });
    }
    process.exit();
  }
}
