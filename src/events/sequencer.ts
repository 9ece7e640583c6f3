import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { OwnConnection } from '../database/own-connection.js';
import { HealthChecks } from '../ops/health-checks.js';
import { InjectLog, type Log } from '../ops/log.js';
import { Metrics } from '../ops/metrics.js';
import { Wakeup } from '../async/wakeup.js';

const BATCH = 1000;
/** What is committed within so long of the batch before is taken together. */
const GATHER_MS = 5;
/** How often the leader looks without a hint: soon after something came, later and later while nothing comes. */
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;
/** How often the others see whether there is still a leader. */
const FOLLOWER_PAUSE_MS = 500;
const ANSWER_WITHIN_MS = 15_000;
/** An event that has waited longer is a sign that nobody gives out positions. */
const LATE_AFTER_SECONDS = 10;
const COUNT_AT_MOST = 10_000;

/**
 * Gives committed events their positions: 1, 2, 3, ... without gaps, over all users, by version within each.
 *
 * Whoever reads `position > n` in order never misses an event. A position that is seen says that every lower one is there,
 * because positions become visible in their order: a batch begins by taking a lock that it keeps until it has committed, so its
 * snapshot, taken after that, holds every batch before it, and whatever sees this batch sees those. The lock is the
 * transaction's own. A server that lost its connection, and does not know, may still have a batch open when another one leads:
 * the other's batch waits for it.
 *
 * Within a user, numbers of the outbox rise with the version, because `EventLog.append` writes version n + 1 only where it reads
 * version n, committed or its own: the number of n was drawn before. (`UserStore.change` holds the user's row besides; nobody
 * knows a user of `UserStore.create` before its commit.) Over users they say nothing: a number may commit after a higher one, and is
 * then simply taken later.
 */
@Injectable()
export class Sequencer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Wakes readers of the feed: events have got positions, on this server or another. */
  readonly positions = new Wakeup();
  private readonly outbox = new Wakeup();
  private readonly connection: OwnConnection;

  /** To be called after a commit that wrote events. */
  readonly wake = (): void => this.outbox.wake();

  constructor(
    @InjectSettings() settings: Settings,
    @InjectLog() log: Log,
    dataSource: DataSource,
    health: HealthChecks,
    metrics: Metrics,
  ) {
    this.connection = new OwnConnection(settings, {
      name: 'roster sequencer',
      answerWithinMs: ANSWER_WITHIN_MS,
      serve: (client) => this.serve(client),
      onLoss: (err) => log.warn({ err }, 'the sequencer of events has lost the database; trying again soon'),
    });
    const waiting = async (): Promise<Waiting> => (await dataSource.query<[Waiting]>(WAITING))[0];
    health.register('events', false, async () => {
      if ((await waiting()).seconds > LATE_AFTER_SECONDS) throw new Error('events wait for their positions');
    });
    health.registerFigure('eventsWaiting', async () => (await waiting()).count);
    metrics.gauge(
      { name: 'roster_events_waiting', help: 'Events without a position in the feed yet, counted to 10,000.' },
      async () => [{ value: (await waiting()).count }],
    );
  }

  onApplicationBootstrap(): void {
    this.connection.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.connection.stop();
  }

  private async serve(client: pg.Client): Promise<void> {
    const { ending } = this.connection;
    // Nobody asks anything of a connection that is lost while it waits: the next question then finds out.
    client.on('error', this.wake);
    client.on('notification', ({ channel }) => (channel === OUTBOX_CHANNEL ? this.outbox : this.positions).wake());
    await client.query(SESSION);
    let leads = false;
    let hinted = false;
    let pause = FOLLOWER_PAUSE_MS;
    while (!ending.aborted) {
      const seen = this.outbox.count;
      const begin = performance.now();
      if (!leads && (leads = await follow(client, hinted))) await client.query(`LISTEN ${OUTBOX_CHANNEL}`);
      if (leads) {
        const taken = await takeBatch(client);
        if (taken === BATCH) continue;
        pause = taken > 0 ? SHORTEST_PAUSE_MS : Math.min(2 * pause, LONGEST_PAUSE_MS);
      }
      hinted = await this.outbox.waitAfter(seen, pause, ending);
      const early = GATHER_MS - (performance.now() - begin);
      if (early > 0) await this.connection.pause(early);
    }
  }
}

const OUTBOX_CHANNEL = 'roster_event_outbox';
const POSITIONS_CHANNEL = 'roster_event_positions';

/**
 * Tries to become the leader, and where another server is, passes on the hint. Not in the transaction that wrote the events:
 * NOTIFY takes a lock over the whole of PostgreSQL until its transaction is on the disk. Here there is nothing to write there.
 */
async function follow(client: pg.Client, hinted: boolean): Promise<boolean> {
  const { rows } = await client.query<{ leads: boolean }>(
    `SELECT pg_try_advisory_lock(hashtextextended('leader of the events', 2)) AS leads,
       CASE WHEN $1 THEN pg_notify('${OUTBOX_CHANNEL}', '') END`,
    [hinted],
  );
  return rows[0]?.leads === true;
}

/** @returns how many events got a position */
async function takeBatch(client: pg.Client): Promise<number> {
  // Several statements in one message: where one fails, the connection is left with the transaction open, and is thrown away.
  const results = (await client.query(TAKE_BATCH)) as unknown as pg.QueryResult[];
  const taken = results.find(({ command }) => command === 'INSERT')?.rowCount ?? 0;
  if (taken > 0) await client.query(`NOTIFY ${POSITIONS_CHANNEL}`);
  return taken;
}

// Read committed, whatever the database's default: the second statement must not see with the eyes of the first, which waits.
const TAKE_BATCH = `
  BEGIN ISOLATION LEVEL READ COMMITTED;
  SELECT pg_advisory_xact_lock(hashtextextended('positions of the events', 2));
  WITH taken AS (
    DELETE FROM event_outbox WHERE id = ANY (ARRAY(SELECT id FROM event_outbox ORDER BY id LIMIT ${BATCH}))
    RETURNING id, event_id)
  INSERT INTO event_positions (position, event_id)
  SELECT (SELECT coalesce(max(position), 0) FROM event_positions) + row_number() OVER (ORDER BY id), event_id FROM taken;
  COMMIT`;

// A leader that is cut off would lead for hours, until TCP notices. It asks at least every second, so its silence ends it.
// A position that was seen must outlive a crash, also where the database is told not to wait for the disk.
const SESSION = `
  SET idle_session_timeout = '10s';
  SET idle_in_transaction_session_timeout = '10s';
  SET lock_timeout = '5s';
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
  LISTEN ${POSITIONS_CHANNEL}`;

interface Waiting {
  readonly count: number;
  readonly seconds: number;
}

const WAITING = `
  SELECT count(*)::int AS count, coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)::float AS seconds
  FROM (SELECT written_at FROM event_outbox ORDER BY id LIMIT ${COUNT_AT_MOST}) AS waiting`;
