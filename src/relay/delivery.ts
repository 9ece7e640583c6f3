import { hostname } from 'node:os';
import type pg from 'pg';
import { backoff } from '../async/backoff.js';
import { withDeadline } from '../async/deadline.js';
import { waitAtMost } from '../async/pause.js';
import type { Wakeup } from '../async/wakeup.js';
import type { Settings } from '../config/settings.js';
import { OwnConnection } from '../database/own-connection.js';
import { refuseStandby } from '../database/read-only.js';
import type { EventFeed, FeedReader } from '../events/event-feed.js';
import type { Log } from '../ops/log.js';
import { toCloudEvent } from './cloud-event.js';
import { Cursor } from './cursor.js';
import type { EventSink, OutgoingEvent, Refusal } from './event-sink.js';
import { Outage, reasonOf } from './outage.js';

const BATCH = 1000;
/** How often the leader looks without a hint, and the others whether there is still a leader. */
const LOOK_EVERY_MS = 1000;
const FOLLOW_EVERY_MS = 500;
/** How often the leader says that it lives while it waits for the sink; PostgreSQL ends it after `SILENT_AT_MOST`. */
const BEAT_EVERY_MS = 2000;
const SILENT_AT_MOST = '7s';
const ANSWER_WITHIN_MS = 5000;
const PUBLISH_WITHIN_MS = 30_000;
const RETRY_BACKOFF = { firstMs: 250, longestMs: 8000 };
const END_WITHIN_MS = 2000;

export interface DeliveryParts {
  readonly settings: Settings;
  readonly feed: EventFeed;
  /** Wakes when there are new positions. */
  readonly positions: Wakeup;
  readonly log: Log;
}

/**
 * Sends events to one sink, where this server leads for it: by a session's advisory lock on a connection of its own, over which
 * it also reads the feed and writes the cursor. So whoever has lost the lead can note nothing any more. What it sent last may
 * be sent again by the next leader, and comes before whatever that one sends later: the first copies are in order.
 */
export class Delivery {
  private readonly connection: OwnConnection;
  /** Cuts what is still on its way. */
  private readonly cut = new AbortController();
  private readonly sinkOutage: Outage;
  private readonly databaseOutage: Outage;

  constructor(
    private readonly sink: EventSink,
    private readonly parts: DeliveryParts,
  ) {
    const { name } = sink;
    this.sinkOutage = new Outage(parts.log, {
      away: `events cannot be sent to ${name}: they wait, and are sent when it takes them again`,
      back: `events are sent to ${name} again`,
    });
    this.databaseOutage = new Outage(parts.log, {
      away: `the relay to ${name} cannot read events from the database: they wait`,
      back: `the relay to ${name} reads events again`,
    });
    this.connection = new OwnConnection(parts.settings, {
      name: `roster relay ${name}`,
      answerWithinMs: ANSWER_WITHIN_MS,
      serve: (client) => this.serve(client),
      onLoss: (error) => this.databaseOutage.goesOn(error),
    });
  }

  start(): void {
    this.connection.start();
  }

  /** Lets the batch that is on its way arrive, for two seconds. */
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
    while (!(await this.leads(client))) {
      await this.connection.pause(FOLLOW_EVERY_MS);
      if (this.isEnding()) return;
    }
    const cursor = new Cursor(client, this.sink.name);
    const beat = setInterval(() => {
      refuseStandby(client).catch(lose);
    }, BEAT_EVERY_MS);
    try {
      await cursor.lead(`${hostname()} (process ${process.pid})`);
      this.parts.log.info({ sink: this.sink.name }, 'this server sends the events to the sink');
      await this.send(client, cursor, AbortSignal.any([lost.signal, this.cut.signal]));
    } finally {
      clearInterval(beat);
      await this.close();
    }
  }

  private async leads(client: pg.Client): Promise<boolean> {
    const { rows } = await client.query<{ leads: boolean }>(
      `SELECT pg_try_advisory_lock(hashtextextended('relay of events to ' || $1, 2)) AS leads`,
      [this.sink.name],
    );
    return rows[0]?.leads === true;
  }

  private async send(client: pg.Client, cursor: Cursor, lost: AbortSignal): Promise<void> {
    const reader = preparing(client);
    const woken = AbortSignal.any([this.connection.ending, lost]);
    let failures = 0;
    let from = await cursor.position();
    let batch: readonly OutgoingEvent[] = [];
    /** The count of wakeups before the last read; undefined to read at once. */
    let seen: number | undefined;
    while (!this.isEnding()) {
      const last = batch.at(-1);
      if (!last) {
        const hadNone = seen !== undefined && !(await this.parts.positions.waitAfter(seen, LOOK_EVERY_MS, woken));
        // An operator may have set the cursor.
        if (hadNone) from = await cursor.position();
        seen = this.parts.positions.count;
        batch = await this.read(reader, from);
        continue;
      }
      // What comes after it is read while the sink is at it.
      const ahead = batch.length === BATCH ? this.read(reader, last.position) : undefined;
      ahead?.catch(() => undefined);
      let refusals: readonly Refusal[];
      try {
        refusals = await this.publish(batch, lost);
      } catch (error) {
        if (lost.aborted) throw error;
        this.sinkOutage.goesOn(error);
        await this.close();
        await cursor.fail(reasonOf(error));
        await this.connection.pause(backoff(++failures, RETRY_BACKOFF));
        from = await cursor.position();
        [batch, seen] = [[], undefined];
        continue;
      }
      failures = 0;
      this.sinkOutage.isOver();
      if (await cursor.advance(from, batch, refusals)) {
        if (refusals.length > 0) this.tell(refusals);
        from = last.position;
        batch = (await ahead) ?? [];
      } else {
        from = await cursor.position();
        [batch, seen] = [[], undefined];
      }
    }
  }

  private async publish(batch: readonly OutgoingEvent[], lost: AbortSignal): Promise<readonly Refusal[]> {
    const message = `it has not confirmed a batch within ${PUBLISH_WITHIN_MS / 1000} s`;
    return withDeadline(PUBLISH_WITHIN_MS, () => this.sink.publish(batch), { message, signal: lost });
  }

  private async read(reader: FeedReader, after: number): Promise<OutgoingEvent[]> {
    const { events } = await this.parts.feed.read(reader, { after, limit: BATCH });
    this.databaseOutage.isOver();
    return events.map((event) => {
      const { position, id, type, userId, userVersion } = event;
      return { position, id, type, userId, userVersion, event: toCloudEvent(event, this.parts.settings) };
    });
  }

  private tell(refusals: readonly Refusal[]): void {
    const reasons = [...new Set(refusals.map(({ reason }) => reason))].slice(0, 5);
    this.parts.log.warn(
      { sink: this.sink.name, count: refusals.length, reasons },
      'the sink refused events for good: they are dead letters now (npm run roster -- relay status)',
    );
  }

  private async close(): Promise<void> {
    await waitAtMost(
      END_WITHIN_MS,
      Promise.resolve(this.sink.close?.()).catch(() => undefined),
    );
  }

  private isEnding(): boolean {
    return this.connection.ending.aborted;
  }
}

/** Reads over one connection, every statement prepared once. */
function preparing(client: pg.Client): FeedReader {
  const names = new Map<string, string>();
  return {
    query: async <Rows>(text: string, values: unknown[] = []) => {
      const name = names.get(text) ?? `relay feed ${names.size}`;
      names.set(text, name);
      return (await client.query({ name, text, values })).rows as Rows;
    },
  };
}

// A cursor that a crash of PostgreSQL takes back makes the relay send again, as it may; so it need not wait for the disk.
const SESSION = `
  SET idle_session_timeout = '${SILENT_AT_MOST}';
  SET idle_in_transaction_session_timeout = '${SILENT_AT_MOST}';
  SET lock_timeout = '3s';
  SET synchronous_commit = off`;
