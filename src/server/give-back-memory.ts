import type { Server } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type CollectGarbage = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' | 'regular' }) => void;

/** Without requests for this long, nobody notices a pause of a tenth of a second. */
const QUIET_MS = 10_000;
/** A pause for less would not be worth it. */
const WORTH_BYTES = 16 * 2 ** 20;

/**
 * Returns memory to the system that the start needed, and later that a busy time needed, once the server has been quiet for ten
 * seconds. V8 itself only does so under memory pressure, which an idle server never has.
 */
export class MemoryReturn {
  private readonly collectGarbage: CollectGarbage;
  private requests = 0;
  private timer: NodeJS.Timeout | undefined;
  private leastBytes = 0;

  constructor(server: Server) {
    setFlagsFromString('--expose-gc');
    this.collectGarbage = runInNewContext('gc') as CollectGarbage;
    server.on('request', () => {
      this.requests++;
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
