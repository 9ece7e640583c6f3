import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { DomainError } from '../../problems/domain-error.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { RevocationFollower } from './revocation-follower.js';
import { RevocationResponse } from './revocation.response.js';

const CHECK_EVERY_MS = 1000;
const HEARTBEAT_EVERY_MS = 2000;
const RECONNECT_AFTER_MS = 1000;
const BUFFER_BYTES = 16 * 1024;
/** Streams at the same time: of one server, and of one reader. */
const MOST_STREAMS = 500;
const MOST_OF_ONE = 50;

/** The limit of concurrent streams is reached. */
class TooManyStreams extends DomainError {
  readonly code = 'too-many-requests';
  override readonly retryAfterSeconds = 10;
  constructor() {
    super('Too many streams of revocations are open. Close some, or read pages.');
  }
}

interface StreamOptions {
  /** The last position that was read. */
  readonly after: number;
  /** Who reads, for the limit. */
  readonly reader: string;
  /** Whether the caller may still read the feed. */
  readonly mayRead: () => Promise<boolean>;
}

/** The feed of revocations as server-sent events (WHATWG HTML, 9.2). */
@Injectable()
export class RevocationStream {
  private readonly open = new Map<string, number>();

  constructor(
    private readonly follower: RevocationFollower,
    @InjectLog() private readonly log: Log,
  ) {}

  /**
   * Streams the revocations after a position, and then new ones, until the reader leaves, its permission ends, or the server does.
   * A comment follows when all there is has been sent, and again every two seconds, unless the feed was not read since: it says when the
   * read began that found no more, in milliseconds after the stream did, so that a reader knows how late it comes.
   * @throws TooManyStreams
   */
  start(options: StreamOptions): Readable {
    const { reader } = options;
    const own = this.open.get(reader) ?? 0;
    if (own >= MOST_OF_ONE || this.follower.count >= MOST_STREAMS) throw new TooManyStreams();
    this.open.set(reader, own + 1);
    const ended = new AbortController();
    this.follower.join(ended);
    const stream = Readable.from(this.frames(options, ended.signal), {
      objectMode: false,
      highWaterMark: BUFFER_BYTES,
    });
    return stream.once('close', () => {
      ended.abort();
      const left = (this.open.get(reader) ?? 1) - 1;
      if (left > 0) this.open.set(reader, left);
      else this.open.delete(reader);
    });
  }

  private async *frames({ after, mayRead }: StreamOptions, ended: AbortSignal): AsyncGenerator<string> {
    const began = performance.now();
    let checkedAt = began;
    let saidAsOf = Number.NEGATIVE_INFINITY;
    let sentAt = Number.NEGATIVE_INFINITY;
    let place = after;
    yield `retry: ${RECONNECT_AFTER_MS}\nid: ${place}\n\n`;
    try {
      while (!ended.aborted) {
        if (performance.now() - checkedAt >= CHECK_EVERY_MS) {
          if (!(await mayRead())) return;
          checkedAt = performance.now();
        }
        const seen = this.follower.news.count;
        const { revocations, next, isLast, asOf } = await this.follower.after(place);
        place = next;
        const isDue = performance.now() - sentAt >= HEARTBEAT_EVERY_MS;
        const isNews = isLast && asOf > saidAsOf;
        if (revocations.length > 0 || (isDue && isNews)) {
          sentAt = performance.now();
          if (isNews) saidAsOf = asOf;
          yield revocations.map(frameOf).join('') + (isNews ? `: up to date ${Math.floor(asOf - began)}\n\n` : '');
        }
        if (isLast) await this.follower.news.waitAfter(seen, CHECK_EVERY_MS, ended);
      }
    } catch (err) {
      // The status is sent already, so the end of the stream has to do. The reader reconnects and continues.
      this.log.warn({ err }, 'a stream of revocations failed; its reader will reconnect');
    }
  }
}

function frameOf(revocation: Parameters<typeof RevocationResponse.from>[0]): string {
  const data = JSON.stringify(RevocationResponse.from(revocation));
  return `id: ${revocation.position}\nevent: revocation\ndata: ${data}\n\n`;
}
