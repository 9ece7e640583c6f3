import { KnownRevocations, type Revocation } from './known-revocations.js';
import { readEventStream } from './event-stream.js';
import { pageOf, positionOf, revocationOf } from './feed-answers.js';

export interface FeedOptions {
  readonly url: URL;
  readonly key: () => string | Promise<string>;
  readonly maxLagMs: number;
  readonly pollMs: number;
  readonly onError: (error: unknown) => void;
  /** Signing keys have changed. */
  readonly onKeys: () => void;
}

/** With when the server read what it says, in milliseconds after it began to answer. */
const UP_TO_DATE = /^up to date (-?\d{1,12})$/;
/** Then another is begun: clocks of two machines do not run alike, and a stream is dated by both. */
const LONGEST_STREAM_MS = 900_000;
/** The server says something every two seconds. */
const SILENT_AFTER_MS = 5000;
const ANSWER_WITHIN_MS = 5000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
const FORGET_EVERY_MS = 60_000;

/** Roster refuses to let this service read the feed. */
class FeedRefused extends Error {
  constructor(readonly status: number) {
    super(`GET /auth/revocations answers ${status}`);
  }
}

/** Follows the feed of revocations: by a stream, and by pages while there is none. */
export class Feed {
  readonly known = new KnownRevocations();
  lastError: unknown;
  private readonly ended = new AbortController();
  private readonly waiting = new Set<() => void>();
  private currentAt = Number.NEGATIVE_INFINITY;
  private heardAt = Number.NEGATIVE_INFINITY;
  private after = 0;
  private keptForMs = 24 * 3_600_000;
  private reading: Promise<void> | undefined;
  private readonly timers: NodeJS.Timeout[];

  constructor(private readonly options: FeedOptions) {
    const lookEvery = Math.max(20, Math.min(options.pollMs, options.maxLagMs / 4));
    this.timers = [
      setInterval(() => this.pollIfSilent(), lookEvery).unref(),
      setInterval(() => this.known.forgetOld(), FORGET_EVERY_MS).unref(),
    ];
    void this.follow();
  }

  /** How long ago everything that had been revoked was known, in milliseconds; infinite before the first time. */
  get lagMs(): number {
    return performance.now() - this.currentAt;
  }

  /** Whether no more than `maxLag` may be unknown; waits that long for the first read. */
  async isCurrent(): Promise<boolean> {
    if (this.lagMs === Number.POSITIVE_INFINITY && !this.ended.signal.aborted) await this.firstRead();
    return this.lagMs <= this.options.maxLagMs;
  }

  close(): void {
    this.ended.abort();
    for (const timer of this.timers) clearInterval(timer);
    this.note();
  }

  private firstRead(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, this.options.maxLagMs);
      const { waiting } = this;
      function done(): void {
        clearTimeout(timer);
        waiting.delete(done);
        resolve();
      }
      waiting.add(done);
    });
  }

  private note(): void {
    for (const done of [...this.waiting]) done();
  }

  private async follow(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!this.ended.signal.aborted) {
      try {
        await this.readPages();
        const began = performance.now();
        await this.stream();
        if (performance.now() - began > SILENT_AFTER_MS) pause = FIRST_PAUSE_MS;
      } catch (error) {
        this.failed(error);
      }
      // Spread, so that all services do not come back at the same moment.
      await sleep(pause * (0.5 + Math.random()), this.ended.signal);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }

  private failed(error: unknown): void {
    if (this.ended.signal.aborted) return;
    this.lastError = error;
    this.options.onError(error);
  }

  /** A stream that is cut without notice, or that something between holds back, costs no more than a poll. */
  private pollIfSilent(): void {
    const isSilent = performance.now() - this.heardAt > SILENT_AFTER_MS / 2;
    if (isSilent || this.lagMs > this.options.maxLagMs / 2)
      this.readPages().catch((error: unknown) => this.failed(error));
  }

  /** Everything there is; concurrent callers share one read. */
  private readPages(): Promise<void> {
    return (this.reading ??= this.readAll().finally(() => (this.reading = undefined)));
  }

  private async readAll(): Promise<void> {
    for (let hasMore = true; hasMore;) {
      const began = performance.now();
      const response = await this.get(`after=${this.after}&limit=1000`, AbortSignal.timeout(ANSWER_WITHIN_MS));
      if (response.status === 410) {
        // What is known stays known; what is kept is read again.
        await response.body?.cancel();
        if (this.after === 0) throw new FeedRefused(410);
        this.after = 0;
        continue;
      }
      if (!response.ok) {
        await response.body?.cancel();
        throw new FeedRefused(response.status);
      }
      const { items, page } = pageOf(await response.json());
      // It would be asked for the same again, without end.
      if (page.hasMore && page.nextAfter <= this.after) throw new Error('the feed of revocations does not go on');
      this.keptForMs = page.keptForSeconds * 1000;
      for (const item of items) this.learn(item);
      this.after = Math.max(this.after, page.nextAfter);
      hasMore = page.hasMore;
      if (!hasMore) this.isCurrentSince(began);
    }
  }

  private learn(revocation: Revocation): void {
    this.known.add(revocation, this.keptForMs);
    if (revocation.kid !== undefined) this.options.onKeys();
  }

  private isCurrentSince(time: number): void {
    this.currentAt = Math.max(this.currentAt, time);
    this.note();
  }

  private async stream(): Promise<void> {
    const silence = new AbortController();
    const watch = setInterval(() => {
      if (performance.now() - this.heardAt > SILENT_AFTER_MS)
        silence.abort(new Error('the feed of revocations is silent'));
    }, 1000).unref();
    // Before the server knew of it: what it says later is never dated too late, however long the stream takes to come through.
    const began = (this.heardAt = performance.now());
    try {
      const response = await this.get(`after=${this.after}`, silence.signal, {
        accept: 'text/event-stream',
        'last-event-id': String(this.after),
      });
      if (!response.ok || !response.body) throw new FeedRefused(response.status);
      for await (const { comment, id, data } of readEventStream(response.body)) {
        this.heardAt = performance.now();
        if (data !== undefined) this.learn(revocationOf(JSON.parse(data)));
        if (id !== undefined && id !== '') this.after = Math.max(this.after, positionOf(Number(id)));
        const [, readAfter] = UP_TO_DATE.exec(comment ?? '') ?? [];
        if (readAfter !== undefined) this.isCurrentSince(Math.min(began + Number(readAfter), this.heardAt));
        if (this.heardAt - began > LONGEST_STREAM_MS) return;
      }
    } finally {
      clearInterval(watch);
      this.heardAt = Number.NEGATIVE_INFINITY;
      silence.abort();
    }
  }

  private async get(query: string, signal: AbortSignal, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.options.url.href}?${query}`, {
      headers: { accept: 'application/json', ...headers, authorization: `Bearer ${await this.options.key()}` },
      signal: AbortSignal.any([signal, this.ended.signal]),
      redirect: 'error',
    });
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
