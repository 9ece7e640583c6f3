import type pg from 'pg';
import type { OutgoingEvent, Refusal } from './event-sink.js';

/** How far one sink has come: the row of `relay_cursors` that its leader writes, and an operator may set. */
export class Cursor {
  constructor(
    private readonly client: pg.Client,
    private readonly sink: string,
  ) {}

  /** The last position that is done with. */
  async position(): Promise<number> {
    const [row] = await this.query<{ position: string }>('position', POSITION);
    if (!row) throw new Error(`The cursor of ${this.sink} is missing from relay_cursors`);
    return Number(row.position);
  }

  /** Says who sends now. */
  async lead(leader: string): Promise<void> {
    await this.query('lead', LEAD, leader);
  }

  /**
   * Notes a batch as done, with the dead letters that are left of it. One commit.
   * @returns whether it was noted: not when an operator has set the cursor meanwhile
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

  /** Notes why nothing goes on, for whoever looks from elsewhere. `advance` takes it back. */
  async fail(failure: string): Promise<void> {
    await this.query('fail', FAIL, failure);
  }

  private async query<Row extends pg.QueryResultRow>(name: string, text: string, ...values: unknown[]): Promise<Row[]> {
    // Prepared once.
    const statement = { name: `relay ${name}`, text, values: [this.sink, ...values] };
    return (await this.client.query<Row>(statement)).rows;
  }
}

/** With the sink and where it begins. Events that have no position yet come after the end. */
export const BEGIN = `
  INSERT INTO relay_cursors (sink, position)
  SELECT $1::text, CASE WHEN $2::text = 'end' THEN (SELECT coalesce(max(position), 0) FROM event_positions) ELSE 0 END
  ON CONFLICT DO NOTHING`;

const POSITION = 'SELECT position FROM relay_cursors WHERE sink = $1';
const LEAD = 'UPDATE relay_cursors SET leader = $2 WHERE sink = $1';

const FAIL = `
  UPDATE relay_cursors SET failure = $2, failing_since = coalesce(failing_since, clock_timestamp()) WHERE sink = $1`;

// The rate is counted from a moment that moves on every half minute. A letter that was dead and is delivered now is none.
const ADVANCE = `
  WITH moved AS (
    UPDATE relay_cursors SET position = $3, published = published + $4, failure = NULL, failing_since = NULL,
      published_before = CASE WHEN counted_from < clock_timestamp() - interval '30 s' THEN published ELSE published_before END,
      counted_from = CASE WHEN counted_from < clock_timestamp() - interval '30 s' THEN clock_timestamp() ELSE counted_from END
    WHERE sink = $1 AND position = $2 RETURNING sink),
  delivered AS (
    DELETE FROM relay_dead_letters AS letter USING moved
    WHERE letter.sink = moved.sink AND letter.position > $2 AND letter.position <= $3 AND letter.position <> ALL ($5::bigint[])),
  refused AS (
    INSERT INTO relay_dead_letters (sink, position, event_id, reason)
    SELECT moved.sink, letter.* FROM moved, unnest($5::bigint[], $6::uuid[], $7::text[]) AS letter
    ON CONFLICT (sink, position) DO UPDATE SET reason = excluded.reason, refused_at = clock_timestamp())
  SELECT sink FROM moved`;
