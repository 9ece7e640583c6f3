const LONGEST_END_MS = 9500;

/** The process is being stopped while it starts. */
export class Interrupted extends Error {}

/** What this process has started, so that all of it ends with the process, newest first. */
export class Shutdown {
  private readonly parts: { readonly name: string; readonly stop: () => Promise<void> }[] = [];
  private ended: Promise<void> | undefined;

  get ending(): boolean {
    return this.ended !== undefined;
  }

  register(name: string, stop: () => Promise<void>): void {
    this.parts.push({ name, stop });
    // A part that was still starting when the end came.
    if (this.ending) void stop();
  }

  /** @throws Interrupted when the process is to end */
  throwIfEnding(): void {
    if (this.ending) throw new Interrupted();
  }

  endOnSignals(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void this.end(0));
  }

  /** Stops everything and leaves the process, within ten seconds whatever hangs. */
  end(exitCode: number): Promise<void> {
    return (this.ended ??= this.stopAll(exitCode));
  }

  private async stopAll(exitCode: number): Promise<void> {
    process.exitCode = exitCode;
    setTimeout(() => {
      console.error('Shutdown timed out; exiting.');
      process.exit(1);
    }, LONGEST_END_MS).unref();
    for (const { name, stop } of this.parts.toReversed()) {
      await stop().catch((error: unknown) => {
        console.error(`${name} did not stop cleanly:`, error);
        process.exitCode = 1;
      });
    }
    process.exit();
  }
}
