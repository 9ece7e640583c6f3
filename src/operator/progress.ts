const LINE_EVERY_MS = 5000;

/** Shows the progress of a long command on stderr; only the report goes to stdout. */
export interface Progress {
  start(total: number): void;
  add(count: number): void;
  stop(): void;
}

/** A bar on a terminal; otherwise, such as in a log, a line every five seconds. */
export async function showProgress(what: string, unit = 'events'): Promise<Progress> {
  const bar = process.stderr.isTTY ? await progressBar(what, unit) : undefined;
  return bar ?? progressLines(what, unit);
}

async function progressBar(what: string, unit: string): Promise<Progress | undefined> {
  const progress = await import('cli-progress').catch(() => undefined);
  // Not installed in production.
  if (!progress) return undefined;
  const bar = new progress.default.SingleBar(
    {
      format: `${what} {bar} {percentage}% | {value} of {total} ${unit} | {eta_formatted} left`,
      stream: process.stderr,
    },
    progress.default.Presets.shades_classic,
  );
  return { start: (total) => bar.start(total, 0), add: (count) => bar.increment(count), stop: () => bar.stop() };
}

function progressLines(what: string, unit: string): Progress {
  let [done, total, lineAt] = [0, 0, 0];
  return {
    start: (count) => {
      total = count;
      lineAt = performance.now() + LINE_EVERY_MS;
    },
    add: (count) => {
      done += count;
      if (performance.now() < lineAt) return;
      lineAt += LINE_EVERY_MS;
      console.error(`${what}: ${done} of ${total} ${unit}`);
    },
    stop: () => undefined,
  };
}
