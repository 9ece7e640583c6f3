import { Readable } from 'node:stream';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { InjectLog, type Log } from '../ops/log.js';
import { EventFeed, type FeedRange } from './event-feed.js';
import { EventResponse } from './event.response.js';
import { Sequencer } from './sequencer.js';

const PAGE_SIZE = 100;
/** How often the caller's permission is checked; also how often the feed is polled without a wakeup. */
const CHECK_EVERY_MS = 1000;
const HEARTBEAT_EVERY_MS = 15_000;
const RECONNECT_AFTER_MS = 2000;
const BUFFER_BYTES = 16 * 1024;

interface StreamOptions extends Omit<FeedRange, 'limit'> {
  /** Whether the caller may still read the feed. */
  readonly mayRead: () => Promise<boolean>;
}

/** The feed as server-sent events (WHATWG HTML, 9.2). */
@Injectable()
export class EventStream implements OnModuleDestroy {
  private readonly ending = new AbortController();

  constructor(
    private readonly feed: EventFeed,
    private readonly sequencer: Sequencer,
    private readonly dataSource: DataSource,
    @InjectLog() private readonly log: Log,
  ) {}

  /**
   * Streams the events after a position, and then new ones, until the reader leaves, its permission ends, or the server does. The next
   * page is read when the one before has been sent: a slow reader costs a page of memory, however far behind it is.
   */
  open(options: StreamOptions): Readable {
    const left = new AbortController();
    const frames = this.frames(options, AbortSignal.any([this.ending.signal, left.signal]));
    const stream = Readable.from(frames, { objectMode: false, highWaterMark: BUFFER_BYTES });
    return stream.once('close', () => left.abort());
  }

  /** Comes first in a shutdown: streams end in no other way. */
  onModuleDestroy(): void {
    this.ending.abort();
  }

  private async *frames({ after, mayRead, ...filter }: StreamOptions, ended: AbortSignal): AsyncGenerator<string> {
    let sentAt = performance.now();
    let checkedAt = sentAt;
    let place = after;
    yield `retry: ${RECONNECT_AFTER_MS}\n${idOnly(place)}`;
    try {
      while (!ended.aborted) {
        if (performance.now() - checkedAt >= CHECK_EVERY_MS) {
          if (!(await mayRead())) return;
          checkedAt = performance.now();
        }
        const seen = this.sequencer.positions.count;
        const { events, next, latest } = await this.feed.read(this.dataSource, {
          ...filter,
          after: place,
          limit: PAGE_SIZE,
        });
        place = next;
        const frames = events.map(frameOf).join('');
        if (frames !== '' || performance.now() - sentAt >= HEARTBEAT_EVERY_MS) {
          yield frames === '' ? `: nothing new\n${idOnly(place)}` : frames;
          sentAt = performance.now();
        }
        if (next >= latest) await this.sequencer.positions.waitAfter(seen, CHECK_EVERY_MS, ended);
      }
    } catch (err) {
      // The status is sent already, so the end of the stream has to do. The reader reconnects and continues.
      this.log.warn({ err }, 'an event stream failed; its reader will reconnect');
    }
  }
}

function frameOf(event: Parameters<typeof EventResponse.from>[0]): string {
  return `id: ${event.position}\nevent: ${event.type}\ndata: ${JSON.stringify(EventResponse.from(event))}\n\n`;
}

/** A frame without data: the reader dispatches no event, but reconnects with this id. */
function idOnly(position: number): string {
  return `id: ${position}\n\n`;
}
