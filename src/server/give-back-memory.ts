import type { Server } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { YoungGeneration } from './young-generation.js';

type CollectGarbage = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' | 'regular' }) => void;

/** Without requests for this long, nobody notices a pause of a tenth of a second. */
const QUIET_MS = 10_000;
/** A pause for less would not be worth it. */
const WORTH_BYTES = 16 * 2 ** 20;
/** So much may the heap grow over what was alive before V8 collects again; it lets a small heap grow to its fourfold. */
const HEAP_GROWTH_PERCENT = 40;

/**
 * Holds what a busy server takes, and returns memory to the system that the start or a busy time needed once the server has been
 * quiet for ten seconds. V8 itself does either only under memory pressure.
 */
export class MemoryReturn {
  private readonly collectGarbage: CollectGarbage;
  private readonly young = new YoungGeneration();
  private requests = 0;
  private timer: NodeJS.Timeout | undefined;
  private leastBytes = 0;

  constructor(server: Server) {
    setFlagsFromString('--expose-gc');
    setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
    this.collectGarbage = runInNewContext('gc') as CollectGarbage;
    server.on('request', () => {
      this.requests++;
      this.young.request();
      this.timer ??= this.lookLater();
    });
    this.timer = this.lookLater();
  }

  private lookLater(): NodeJS.Timeout {
    const before = this.requests;
    return setTimeout(() => {
      this.timer = this.requests === before ? undefined : this.lookLater();
      if (this.timer === undefined) this.giveBack();
    }, QUIET_MS).unref();
  }

  private giveBack(): void {
    if (process.memoryUsage.rss() < this.leastBytes + WORTH_BYTES) return;
    this.collectGarbage({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    this.leastBytes = process.memoryUsage.rss();
  }
}
