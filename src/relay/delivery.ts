import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Settings } from '../config/settings.js';
import { OwnConnection } from '../database/own-connection.js';
import { refuseStandby } from '../database/read-only.js';
import type { EventFeed, FeedReader } from '../events/event-feed.js';
import type { Wakeup } from '../async/wakeup.js';
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
const SHORTEST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 8000;
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
    client.on('error', () => lost.abort());
    await client.query(SESSION);
    while (!(await this.leads(client))) {
      await this.connection.pause(FOLLOW_EVERY_MS);
      if (this.isEnding()) return;
    }
    const cursor = new Cursor(client, this.sink.name);
    const beat = setInterval(() => {
      refuseStandby(client).catch(() => lost.abort());
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
        refusals = await inTime(this.sink.publish(batch), lost);
      } catch (error) {
        if (lost.aborted) throw error;
        this.sinkOutage.goesOn(error);
        await this.close();
        await cursor.fail(reasonOf(error));
        await this.connection.pause(Math.min(SHORTEST_BACKOFF_MS * 2 ** failures++, LONGEST_BACKOFF_MS));
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
    const closed = Promise.resolve(this.sink.close?.()).catch(() => undefined);
    await Promise.race([closed, sleep(END_WITHIN_MS, undefined, { ref: false })]);
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

async function inTime<T>(answer: Promise<T>, lost: AbortSignal): Promise<T> {
  const { promise: never, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`it has not confirmed a batch within ${PUBLISH_WITHIN_MS / 1000} s`)),
    PUBLISH_WITHIN_MS,
  );
  const onLost = (): void => reject(new Error('the lead was lost while a batch was on its way'));
  lost.addEventListener('abort', onLost, { once: true });
  try {
    if (lost.aborted) onLost();
    return await Promise.race([answer, never]);
  } finally {
    clearTimeout(timer);
    lost.removeEventListener('abort', onLost);
  }
}

// A cursor that a crash of PostgreSQL takes back makes the relay send again, as it may; so it need not wait for the disk.
const SESSION = `
  SET idle_session_timeout = '${SILENT_AT_MOST}';
  SET idle_in_transaction_session_timeout = '${SILENT_AT_MOST}';
  SET lock_timeout = '3s';
  SET synchronous_commit = off`;
