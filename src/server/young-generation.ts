import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Both halves together. */
const ENOUGH_BYTES = 32 * 2 ** 20;

/**
 * Holds the space in which V8 allocates at what a busy server needs. V8 doubles it while much survives a collection, up to 128 MiB, and
 * keeps it. A limit is an option of Node.js, which the server should not have to be started with (and one that is given is not
 * ours to overrule); how fast the space grows may be set at any time.
 */
export class YoungGeneration {
  private readonly isLimited = /semi[-_]space/.test([...process.execArgv, process.env['NODE_OPTIONS']].join(' '));
  private observer: PerformanceObserver | undefined;

  /** Lets it grow, as far as that is worth it: at the start, and whenever a collection has made it small. */
  letGrow(): void {
    if (this.isLimited || this.observer !== undefined) return;
    setFlagsFromString('--semi-space-growth-factor=2');
    this.observer = new PerformanceObserver(() => {
      if (youngBytes() >= ENOUGH_BYTES) this.hold();
    });
    this.observer.observe({ entryTypes: ['gc'] });
  }

  private hold(): void {
    setFlagsFromString('--semi-space-growth-factor=1');
    this.observer?.disconnect();
    this.observer = undefined;
  }
}

const youngBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
