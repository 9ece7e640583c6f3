import type { FeedReader } from '../events/event-feed.js';

/** How one sink is doing. */
export interface SinkStatus {
  readonly sink: string;
  /** The last position that is done with, and the last that there is. */
  readonly position: number;
  readonly latest: number;
  /** How long ago the next event happened; 0 where none waits. */
  readonly lagSeconds: number;
  /** Over half a minute to a minute. */
  readonly eventsPerSecond: number;
  /** How many events it has confirmed, those that were sent again included. */
  readonly published: number;
  /** Counted to 10,000. */
  readonly deadLetters: number;
  /** The server that sends, or sent last. */
  readonly leader: string | null;
  readonly failingSince: Date | null;
  readonly failure: string | null;
}

type StatusRow = {
  readonly [Field in keyof SinkStatus]: SinkStatus[Field] extends number ? string : SinkStatus[Field];
};

/** All sinks that there ever were, by name. */
export async function readStatus(reader: FeedReader): Promise<SinkStatus[]> {
  const rows = await reader.query<StatusRow[]>(STATUS);
  return rows.map((row) => ({
    ...row,
    position: Number(row.position),
    latest: Number(row.latest),
    lagSeconds: Number(row.lagSeconds),
    eventsPerSecond: Number(row.eventsPerSecond),
    published: Number(row.published),
    deadLetters: Number(row.deadLetters),
  }));
}

export function lagOf({ position, latest }: SinkStatus): number {
  return Math.max(0, latest - position);
}

const STATUS = `
  SELECT cursor.sink, cursor.position, latest.position AS latest, cursor.published, cursor.leader, cursor.failure,
    cursor.failing_since AS "failingSince",
    greatest(0, coalesce(extract(epoch FROM clock_timestamp() - event.occurred_at), 0)) AS "lagSeconds",
    (cursor.published - cursor.published_before)
      / greatest(1, extract(epoch FROM clock_timestamp() - cursor.counted_from)) AS "eventsPerSecond",
    (SELECT count(*) FROM (SELECT FROM relay_dead_letters WHERE sink = cursor.sink LIMIT 10000) AS letter) AS "deadLetters"
  FROM relay_cursors AS cursor
  CROSS JOIN (SELECT coalesce(max(position), 0) AS position FROM event_positions) AS latest
  LEFT JOIN event_positions AS next ON next.position = cursor.position + 1
  LEFT JOIN user_events AS event ON event.id = next.event_id
  ORDER BY cursor.sink`;
