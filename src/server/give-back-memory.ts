import type { Server } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { YoungGeneration } from './young-generation.js';

type CollectGarbage = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' | 'regular' }) => void;

/** Without requests for this long, nobody notices a pause of a tenth of a second. */
const QUIET_MS = 10_000;
/** A pause for less would not be worth it. */
const WORTH_BYTES = 16 * 2 ** 20;
/** How far the heap may grow beyond what survived the last collection before V8 collects again; by itself, V8 lets a small heap grow fourfold. */
const HEAP_GROWTH_PERCENT = 40;
const REQUESTS_BETWEEN_LOOKS = 16;

/**
 * Limits the memory that a busy server takes, and returns what the start or a busy time needed to the system once the server has been
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
      if (++this.requests % REQUESTS_BETWEEN_LOOKS === 0) this.young.look();
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
