import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { OwnConnection } from '../database/own-connection.js';
import { StandbyAnswered } from '../database/read-only.js';
import { HealthChecks } from '../ops/health-checks.js';
import { InjectLog, type Log } from '../ops/log.js';
import { Metrics } from '../ops/metrics.js';
import { PollInterval } from '../async/poll-interval.js';
import { Wakeup } from '../async/wakeup.js';

const BATCH_SIZE = 1000;
/** Events that are committed within this time of a batch go into one batch. */
const GATHER_MS = 5;
/** How often the leader polls without a wakeup: soon after a batch, then less and less often. */
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;
/** When there were no events for a minute. Shorter than the session's time-out. */
const QUIET_PAUSE_MS = 7000;
/** How often the followers check whether there is still a leader. */
const FOLLOWER_PAUSE_MS = 500;
const ANSWER_WITHIN_MS = 15_000;
/** An event that has waited longer shows that no server is sequencing. */
const LATE_AFTER_SECONDS = 10;
const COUNT_AT_MOST = 10_000;

/**
 * Gives committed events their positions: 1, 2, 3, ... without gaps, over all users, by version within each.
 *
 * A reader of `position > n` in order never misses an event. If a position is visible, every lower one is, because positions become
 * visible in order: a batch begins by taking a lock that it keeps until it has committed, so its snapshot, taken after that, holds
 * every batch before it, and every reader of this batch sees those. The lock belongs to the transaction. A server that has lost its
 * connection without noticing may still have a batch open when another one leads: the batch of the new leader waits for it.
 *
 * Within a user, outbox numbers rise with the version, because `EventLog.append` writes version n + 1 only where it reads version n,
 * committed or its own: the number of n was drawn before. (Besides, `UserStore.change` locks the user's row; a user of
 * `UserStore.create` is unknown before its commit.) Across users they have no meaning: a number may commit after a higher one, and
 * is then sequenced later.
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
      onLoss: (err) => log.warn({ err }, 'the event sequencer lost its database connection; reconnecting'),
    });
    const outboxBacklog = async (): Promise<OutboxBacklog> =>
      (await dataSource.query<[OutboxBacklog]>(OUTBOX_BACKLOG))[0];
    health.register('events', false, async () => {
      if ((await outboxBacklog()).seconds > LATE_AFTER_SECONDS) throw new Error('events wait for their positions');
    });
    health.registerFigure('eventsWaiting', async () => (await outboxBacklog()).count);
    metrics.gauge(
      { name: 'roster_events_waiting', help: 'Events without a position in the feed yet, counted to 10,000.' },
      async () => [{ value: (await outboxBacklog()).count }],
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
    // A connection that is lost during a wait is noticed by the next query.
    client.on('error', this.wake);
    client.on('notification', ({ channel }) => (channel === OUTBOX_CHANNEL ? this.outbox : this.positions).wake());
    await client.query(SESSION);
    let leads = false;
    let wasWoken = false;
    let batches = 0;
    let pause = FOLLOWER_PAUSE_MS;
    const longest = new PollInterval(LONGEST_PAUSE_MS, QUIET_PAUSE_MS);
    while (!ending.aborted) {
      const seen = this.outbox.count;
      const begin = performance.now();
      if (!leads && (leads = await tryLead(client, wasWoken))) await client.query(`LISTEN ${OUTBOX_CHANNEL}`);
      if (leads) {
        const count = wasWoken || (await hasEvents(client)) ? await sequenceBatch(client, ++batches) : 0;
        if (count === BATCH_SIZE) continue;
        if (count > 0 || wasWoken) longest.worked();
        pause = count > 0 ? SHORTEST_PAUSE_MS : Math.min(2 * pause, longest.ms);
      }
      wasWoken = await this.outbox.waitAfter(seen, pause, ending);
      const early = GATHER_MS - (performance.now() - begin);
      if (early > 0) await this.connection.pause(early);
    }
  }
}

/** Wakes the leader: for those who write events without `EventLog`. */
export const OUTBOX_CHANNEL = 'roster_event_outbox';
const POSITIONS_CHANNEL = 'roster_event_positions';

/**
 * Tries to become the leader, and passes the wakeup on where another server leads. Not in the transaction that wrote the events:
 * NOTIFY takes an instance-wide lock until its transaction is on disk. This transaction writes nothing.
 */
async function tryLead(client: pg.Client, wasWoken: boolean): Promise<boolean> {
  const { rows } = await client.query<{ leads: boolean }>(
    `SELECT pg_try_advisory_lock(hashtextextended('leader of the events', 2)) AS leads,
       CASE WHEN $1 THEN pg_notify('${OUTBOX_CHANNEL}', '') END`,
    [wasWoken],
  );
  return rows[0]?.leads === true;
}

/**
 * Whether events wait. A single statement, for the polls that find nothing.
 * @throws StandbyAnswered
 */
async function hasEvents(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ some: boolean; standby: boolean }>(
    'SELECT EXISTS (SELECT FROM event_outbox) AS some, pg_is_in_recovery() AS standby',
  );
  if (rows[0]?.standby !== false) throw new StandbyAnswered();
  return rows[0].some;
}

/** @returns how many events got positions */
async function sequenceBatch(client: pg.Client, batches: number): Promise<number> {
  if (batches % PREPARED_FOR === 1) await client.query(PREPARE_BATCH);
  // Several statements in one message: if one fails, the transaction stays open, and the connection is dropped.
  const results = (await client.query(SEQUENCE_BATCH)) as unknown as pg.QueryResult[];
  return results.find(({ command }) => command === 'INSERT')?.rowCount ?? 0;
}

// Read committed, whatever the database's default: the statement after the lock needs a snapshot newer than the wait for it.
// The readers are woken once it has committed, in the same message, even by a wakeup whose events an earlier batch has taken.
const SEQUENCE_BATCH = `
  BEGIN ISOLATION LEVEL READ COMMITTED;
  SELECT pg_advisory_xact_lock(hashtextextended('positions of the events', 2));
  EXECUTE sequence_batch;
  COMMIT;
  NOTIFY ${POSITIONS_CHANNEL}`;

/** In batches; then the plan is made anew, as the tables may have grown. */
const PREPARED_FOR = 1000;
const PREPARE_BATCH = `
  DEALLOCATE ALL;
  PREPARE sequence_batch AS
  WITH taken AS (
    DELETE FROM event_outbox WHERE id = ANY (ARRAY(SELECT id FROM event_outbox ORDER BY id LIMIT ${BATCH_SIZE}))
    RETURNING id, event_id)
  INSERT INTO event_positions (position, event_id)
  SELECT (SELECT coalesce(max(position), 0) FROM event_positions) + row_number() OVER (ORDER BY id), event_id FROM taken`;

// A leader that is cut off would lead for hours, until TCP notices. It queries at least every seven seconds, so the time-out ends it.
// A position that was read must survive a crash, even where the database does not wait for the disk by default.
const SESSION = `
  SET idle_session_timeout = '10s';
  SET idle_in_transaction_session_timeout = '10s';
  SET lock_timeout = '5s';
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
  LISTEN ${POSITIONS_CHANNEL}`;

interface OutboxBacklog {
  readonly count: number;
  readonly seconds: number;
}

const OUTBOX_BACKLOG = `
  SELECT count(*)::int AS count, coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)::float AS seconds
  FROM (SELECT written_at FROM event_outbox ORDER BY id LIMIT ${COUNT_AT_MOST}) AS waiting`;
