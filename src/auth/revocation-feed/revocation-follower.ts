import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Wakeup } from '../../async/wakeup.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { Revocations } from '../sessions/revocations.js';
import { type PlacedRevocation, RevocationFeed, type RevocationPage } from './revocation-feed.js';

/** Poll interval where no hint of another server arrives. */
const LOOK_EVERY_MS = 100;
/** Newest revocations in memory, so that any number of streams costs one query. */
const REMEMBERED = 1000;

/** A page, and since when it is known to be all there is: when the read began that said so, as `performance.now` counts. */
export type KnownPage = RevocationPage & { readonly asOf: number };

/** Follows the end of the feed while there are streams, for all of them. */
@Injectable()
export class RevocationFollower implements OnModuleDestroy {
  /** Wakes streams when there is something new. */
  readonly news = new Wakeup();
  private readonly ending = new AbortController();
  private readonly streams = new Set<AbortController>();
  private recent: readonly PlacedRevocation[] = [];
  /** The position before the first of `recent`. */
  private since = Number.POSITIVE_INFINITY;
  private tip = 0;
  /** When the last read began that reached the end. */
  private asOf = Number.NEGATIVE_INFINITY;
  private running: Promise<void> | undefined;

  constructor(
    private readonly feed: RevocationFeed,
    private readonly revocations: Revocations,
    @InjectLog() private readonly log: Log,
  ) {}

  get count(): number {
    return this.streams.size;
  }

  /**
   * Follows until the stream is closed.
   * @param stream aborted when the feed cannot be read, and when the server ends
   */
  join(stream: AbortController): void {
    if (this.ending.signal.aborted) {
      stream.abort();
      return;
    }
    this.streams.add(stream);
    stream.signal.addEventListener('abort', () => this.streams.delete(stream), { once: true });
    this.running ??= this.follow().finally(() => (this.running = undefined));
  }

  /** What comes after a position, from memory where it reaches back so far. @throws as `RevocationFeed.read` */
  async after(position: number): Promise<KnownPage> {
    if (position < this.since) {
      const asOf = performance.now();
      return { ...(await this.feed.read(position)), asOf };
    }
    const revocations = this.recent.filter((revocation) => revocation.position > position);
    return { revocations, next: revocations.at(-1)?.position ?? position, isLast: true, asOf: this.asOf };
  }

  /** Comes first in a shutdown: streams end in no other way. */
  onModuleDestroy(): void {
    this.ending.abort();
    this.endAll();
  }

  private async follow(): Promise<void> {
    try {
      // Not the end of the sequence: positions up to it may not be visible yet.
      const began = performance.now();
      this.tip = this.since = await this.end();
      this.asOf = began;
      while (this.streams.size > 0 && !this.ending.signal.aborted) {
        const seen = this.revocations.found.count;
        const asOf = performance.now();
        const { revocations, next, isLast } = await this.feed.read(this.tip);
        if (isLast) this.asOf = asOf;
        if (revocations.length > 0) {
          this.recent = [...this.recent, ...revocations].slice(-REMEMBERED);
          this.since = Math.max(this.since, (this.recent[0]?.position ?? 1) - 1);
          this.tip = next;
          this.news.wake();
          continue;
        }
        await this.revocations.found.waitAfter(seen, LOOK_EVERY_MS, this.ending.signal);
      }
    } catch (err) {
      this.log.warn({ err }, 'the feed of revocations cannot be read; its readers will reconnect');
      this.endAll();
    } finally {
      this.since = Number.POSITIVE_INFINITY;
      this.recent = [];
    }
  }

  private async end(): Promise<number> {
    for (let place = 0; ;) {
      const { next, isLast } = await this.feed.read(place);
      if (isLast) return next;
      place = next;
    }
  }

  private endAll(): void {
    for (const stream of [...this.streams]) stream.abort();
  }
}
