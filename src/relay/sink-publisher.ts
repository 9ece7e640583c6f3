import { hostname } from 'node:os';
import type pg from 'pg';
import { backoff } from '../async/backoff.js';
import { withDeadline } from '../async/deadline.js';
import { waitAtMost } from '../async/pause.js';
import { PollInterval } from '../async/poll-interval.js';
import type { Wakeup } from '../async/wakeup.js';
import type { Settings } from '../config/settings.js';
import { OwnConnection } from '../database/own-connection.js';
import { refuseStandby } from '../database/read-only.js';
import type { EventFeed, FeedReader } from '../events/event-feed.js';
import type { Log } from '../ops/log.js';
import { toCloudEvent } from './cloud-event.js';
import { SinkPosition, type Skipped } from './sink-position.js';
import { inPublishSpans } from './publish-spans.js';
import type { EventSink, OutgoingEvent, Refusal } from './event-sink.js';
import { OutageLog, reasonOf } from './outage-log.js';

const BATCH_SIZE = 1000;
/** How often the leader polls without a wakeup, and when there were no events for a minute; how often the others try to lead. */
const POLL_EVERY_MS = 1000;
const POLL_QUIET_MS = 7000;
const FOLLOW_EVERY_MS = 500;
/** How often the leader queries while it waits for the sink; PostgreSQL ends a session that is silent for `SESSION_TIMEOUT`. */
const HEARTBEAT_EVERY_MS = 2000;
const SESSION_TIMEOUT = '10s';
const ANSWER_WITHIN_MS = 5000;
const PUBLISH_WITHIN_MS = 30_000;
const RETRY_BACKOFF = { firstMs: 250, longestMs: 8000 };
const END_WITHIN_MS = 2000;

export interface SinkPublisherParts {
  readonly settings: Settings;
  readonly feed: EventFeed;
  /** Wakes when there are new positions. */
  readonly positions: Wakeup;
  readonly log: Log;
}

/**
 * Publishes events to one sink while this server leads for it. The lead is a session advisory lock on a separate connection, over which
 * the server also reads the feed and advances the position: a server that has lost the lead can record nothing any more. The next
 * leader may repeat its last events, before it publishes later ones: the first copies are in order.
 */
export class SinkPublisher {
  private readonly connection: OwnConnection;
  /** Cuts off a batch that is being published. */
  private readonly cut = new AbortController();
  /** Whether it waits for new events: its polls keep the session alive. */
  private isPolling = false;
  private readonly interval = new PollInterval(POLL_EVERY_MS, POLL_QUIET_MS);
  private readonly sinkOutage: OutageLog;
  private readonly databaseOutage: OutageLog;

  constructor(
    private readonly sink: EventSink,
    private readonly parts: SinkPublisherParts,
  ) {
    const { name } = sink;
    this.sinkOutage = new OutageLog(parts.log, {
      failing: `events cannot be sent to ${name}; retrying`,
      recovered: `events are sent to ${name} again`,
    });
    this.databaseOutage = new OutageLog(parts.log, {
      failing: `the relay to ${name} cannot read events from the database; retrying`,
      recovered: `the relay to ${name} reads events again`,
    });
    this.connection = new OwnConnection(parts.settings, {
      name: `roster relay ${name}`,
      answerWithinMs: ANSWER_WITHIN_MS,
      serve: (client) => this.serve(client),
      onLoss: (error) => this.databaseOutage.failed(error),
    });
  }

  start(): void {
    this.connection.start();
  }

  /** Waits two seconds for a batch that is being published. */
  async stop(): Promise<void> {
    await this.connection.stop();
    this.cut.abort();
    await this.connection.stop();
  }

  private async serve(client: pg.Client): Promise<void> {
    const lost = new AbortController();
    const lose = (error: unknown): void => lost.abort(error);
    client.on('error', lose);
    await client.query(SESSION);
    while (!(await this.tryLead(client))) {
      await this.connection.pause(FOLLOW_EVERY_MS);
      if (this.isEnding()) return;
    }
    const position = new SinkPosition(client, this.sink.name);
    const heartbeat = setInterval(() => {
      if (!this.isPolling) refuseStandby(client).catch(lose);
    }, HEARTBEAT_EVERY_MS);
    try {
      await position.recordLeader(`${hostname()} (process ${process.pid})`);
      this.parts.log.info({ sink: this.sink.name }, 'this server publishes the events to the sink');
      await this.publishBatches(client, position, AbortSignal.any([lost.signal, this.cut.signal]));
    } finally {
      clearInterval(heartbeat);
      await this.closeSink();
    }
  }

  private async tryLead(client: pg.Client): Promise<boolean> {
    const { rows } = await client.query<{ leads: boolean }>(
      `SELECT pg_try_advisory_lock(hashtextextended('relay of events to ' || $1, 2)) AS leads`,
      [this.sink.name],
    );
    return rows[0]?.leads === true;
  }

  private async publishBatches(client: pg.Client, position: SinkPosition, lost: AbortSignal): Promise<void> {
    const reader = preparedReader(client);
    const woken = AbortSignal.any([this.connection.ending, lost]);
    let failures = 0;
    let from = await position.read();
    let batch: readonly OutgoingEvent[] = [];
    let mayBeIdle = true;
    /** The count of wakeups before the last read; undefined to read at once. */
    let seen: number | undefined;
    while (!this.isEnding()) {
      const last = batch.at(-1);
      if (!last) {
        if (seen !== undefined && !(await this.hasPositionsAfter(seen, woken))) {
          const { position: current, isBehind } = await position.look();
          // An operator may have set it.
          from = current;
          mayBeIdle = true;
          if (!isBehind) continue;
        }
        this.interval.worked();
        seen = this.parts.positions.count;
        const skipped: Skipped | undefined = mayBeIdle ? await this.skipIfIdle(position) : undefined;
        mayBeIdle = skipped?.isIdle === true;
        if (mayBeIdle) {
          from = skipped?.position ?? from;
          continue;
        }
        batch = await this.readBatch(reader, from);
        continue;
      }
      // The next batch is read while the sink confirms this one.
      const ahead = batch.length === BATCH_SIZE ? this.readBatch(reader, last.position) : undefined;
      ahead?.catch(() => undefined);
      let refusals: readonly Refusal[];
      try {
        refusals = await this.publishBatch(batch, lost);
      } catch (error) {
        if (lost.aborted) throw error;
        this.sinkOutage.failed(error);
        await this.closeSink();
        await position.recordFailure(reasonOf(error));
        await this.connection.pause(backoff(++failures, RETRY_BACKOFF));
        from = await position.read();
        [batch, seen] = [[], undefined];
        continue;
      }
      failures = 0;
      this.sinkOutage.recovered();
      if (await position.advance(from, batch, refusals)) {
        if (refusals.length > 0) this.logRefusals(refusals);
        from = last.position;
        batch = (await ahead) ?? [];
      } else {
        from = await position.read();
        [batch, seen] = [[], undefined];
      }
    }
  }

  private async skipIfIdle(position: SinkPosition): Promise<Skipped> {
    const { isIdle } = this.sink;
    if (isIdle === undefined) return { isIdle: false, position: undefined };
    const skipped = await position.skip(isIdle);
    this.databaseOutage.recovered();
    return skipped;
  }

  /** Waits for a wakeup, or until it is time to poll. @returns whether there was a wakeup */
  private async hasPositionsAfter(seen: number, signal: AbortSignal): Promise<boolean> {
    this.isPolling = true;
    const wasWoken = await this.parts.positions.waitAfter(seen, this.interval.ms, signal);
    this.isPolling = false;
    return wasWoken;
  }

  private async publishBatch(batch: readonly OutgoingEvent[], lost: AbortSignal): Promise<readonly Refusal[]> {
    const message = `it has not confirmed a batch within ${PUBLISH_WITHIN_MS / 1000} s`;
    return withDeadline(
      PUBLISH_WITHIN_MS,
      () => inPublishSpans(this.sink.name, batch, () => this.sink.publish(batch)),
      { message, signal: lost },
    );
  }

  private async readBatch(reader: FeedReader, after: number): Promise<OutgoingEvent[]> {
    const { events } = await this.parts.feed.read(reader, { after, limit: BATCH_SIZE });
    this.databaseOutage.recovered();
    return events.map((event) => {
      const { position, id, type, userId, userVersion } = event;
      return { position, id, type, userId, userVersion, event: toCloudEvent(event, this.parts.settings) };
    });
  }

  private logRefusals(refusals: readonly Refusal[]): void {
    const reasons = [...new Set(refusals.map(({ reason }) => reason))].slice(0, 5);
    this.parts.log.warn(
      { sink: this.sink.name, count: refusals.length, reasons },
      'the sink refused events for good: they are dead letters (npm run roster -- relay status)',
    );
  }

  private async closeSink(): Promise<void> {
    await waitAtMost(
      END_WITHIN_MS,
      Promise.resolve(this.sink.close?.()).catch(() => undefined),
    );
  }

  private isEnding(): boolean {
    return this.connection.ending.aborted;
  }
}

/** Reads over one connection, with prepared statements. */
function preparedReader(client: pg.Client): FeedReader {
  const names = new Map<string, string>();
  return {
    query: async <Rows>(text: string, values: unknown[] = []) => {
      const name = names.get(text) ?? `relay feed ${names.size}`;
      names.set(text, name);
      return (await client.query({ name, text, values })).rows as Rows;
    },
  };
}

// All statements here are prepared and by key: PostgreSQL would plan to read a page for longer than it reads it.
// If a crash of PostgreSQL loses the last positions, the relay repeats events, as it may; so commits need not wait for the disk.
const SESSION = `
  SET idle_session_timeout = '${SESSION_TIMEOUT}';
  SET idle_in_transaction_session_timeout = '${SESSION_TIMEOUT}';
  SET lock_timeout = '3s';
  SET synchronous_commit = off;
  SET plan_cache_mode = force_generic_plan`;
