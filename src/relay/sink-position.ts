import type pg from 'pg';
import { StandbyAnswered } from '../database/read-only.js';
import type { OutgoingEvent, Refusal } from './event-sink.js';

/** Whether nobody wants events, and the position if it has moved on. */
export interface Skipped {
  readonly isIdle: boolean;
  readonly position: number | undefined;
}

/** The position of one sink in the feed: a row of `relay_cursors`, which its leader advances and an operator may set. */
export class SinkPosition {
  constructor(
    private readonly client: pg.Client,
    private readonly sink: string,
  ) {}

  /** The last position that was published, which an operator may have set. */
  async read(): Promise<number> {
    return (await this.look()).position;
  }

  /**
   * As `read`, and whether there are events after it.
   * @throws StandbyAnswered
   */
  async look(): Promise<{ readonly position: number; readonly isBehind: boolean }> {
    const [row] = await this.query<{ position: string; behind: boolean; standby: boolean }>('position', READ);
    if (!row) throw new Error(`The position of ${this.sink} is missing from relay_cursors`);
    if (row.standby) throw new StandbyAnswered();
    return { position: Number(row.position), isBehind: row.behind };
  }

  /** Moves on to the end of the feed if nobody wants events: `EventSink.isIdle`. */
  async skip(isIdle: string): Promise<Skipped> {
    const [row] = await this.query<{ idle: boolean; position: string | null }>('skip', skip(isIdle));
    return { isIdle: row?.idle === true, position: row?.position == null ? undefined : Number(row.position) };
  }

  /** Records which server publishes now. */
  async recordLeader(leader: string): Promise<void> {
    await this.query('lead', RECORD_LEADER, leader);
  }

  /**
   * Records a batch as published, with its dead letters, in one statement.
   * @returns false when an operator has set the position meanwhile: then nothing is recorded
   */
  async advance(from: number, batch: readonly OutgoingEvent[], refusals: readonly Refusal[]): Promise<boolean> {
    const to = batch.at(-1)?.position ?? from;
    const positions = new Map(batch.map(({ id, position }) => [id, position]));
    const dead = refusals.filter(({ eventId }) => positions.has(eventId));
    const rows = await this.query(
      'advance',
      ADVANCE,
      from,
      to,
      batch.length - dead.length,
      dead.map(({ eventId }) => positions.get(eventId)),
      dead.map(({ eventId }) => eventId),
      dead.map(({ reason }) => reason),
    );
    return rows.length > 0;
  }

  /** Records why the sink does not advance, for health checks and operators. `advance` clears it. */
  async recordFailure(failure: string): Promise<void> {
    await this.query('fail', RECORD_FAILURE, failure);
  }

  private async query<Row extends pg.QueryResultRow>(name: string, text: string, ...values: unknown[]): Promise<Row[]> {
    // Prepared once.
    const statement = { name: `relay ${name}`, text, values: [this.sink, ...values] };
    return (await this.client.query<Row>(statement)).rows;
  }
}

/** Parameters: the sink, and where it starts. Events without a position yet come after `end`. */
export const INSERT_SINK_POSITION = `
  INSERT INTO relay_cursors (sink, position)
  SELECT $1::text, CASE WHEN $2::text = 'end' THEN (SELECT coalesce(max(position), 0) FROM event_positions) ELSE 0 END
  ON CONFLICT DO NOTHING`;

const READ = `
  SELECT position, position < (SELECT coalesce(max(position), 0) FROM event_positions) AS behind, pg_is_in_recovery() AS standby
  FROM relay_cursors WHERE sink = $1`;
const RECORD_LEADER = 'UPDATE relay_cursors SET leader = $2 WHERE sink = $1';

const RECORD_FAILURE = `
  UPDATE relay_cursors SET failure = $2, failing_since = coalesce(failing_since, clock_timestamp()) WHERE sink = $1`;

// The rate is measured from a time that moves on every half minute.
const WITHOUT_FAILURE = `failure = NULL, failing_since = NULL,
      published_before = CASE WHEN counted_from < clock_timestamp() - interval '30 s' THEN published ELSE published_before END,
      counted_from = CASE WHEN counted_from < clock_timestamp() - interval '30 s' THEN clock_timestamp() ELSE counted_from END`;

// One snapshot: an event that is skipped is older than everybody who wants events. Nor is it a dead letter any more.
const skip = (isIdle: string): string => `
  WITH feed AS MATERIALIZED (SELECT (SELECT coalesce(max(position), 0) FROM event_positions) AS latest, ${isIdle} AS idle),
  behind AS MATERIALIZED (
    SELECT position AS before, latest FROM relay_cursors, feed
    WHERE sink = $1 AND idle AND position < latest FOR UPDATE OF relay_cursors),
  moved AS (
    UPDATE relay_cursors SET position = latest, published = published + latest - before, ${WITHOUT_FAILURE}
    FROM behind WHERE sink = $1 RETURNING before, latest),
  delivered AS (
    DELETE FROM relay_dead_letters AS letter USING moved
    WHERE letter.sink = $1 AND letter.position > before AND letter.position <= latest)
  SELECT idle, (SELECT latest FROM moved) AS position FROM feed`;

// An event that is published now is no dead letter any more.
const ADVANCE = `
  WITH moved AS (
    UPDATE relay_cursors SET position = $3, published = published + $4, ${WITHOUT_FAILURE}
    WHERE sink = $1 AND position = $2 RETURNING sink),
  delivered AS (
    DELETE FROM relay_dead_letters AS letter USING moved
    WHERE letter.sink = moved.sink AND letter.position > $2 AND letter.position <= $3 AND letter.position <> ALL ($5::bigint[])),
  refused AS (
    INSERT INTO relay_dead_letters (sink, position, event_id, reason)
    SELECT moved.sink, letter.* FROM moved, unnest($5::bigint[], $6::uuid[], $7::text[]) AS letter
    ON CONFLICT (sink, position) DO UPDATE SET reason = excluded.reason, refused_at = clock_timestamp())
  SELECT sink FROM moved`;
