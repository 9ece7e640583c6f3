import type { FeedReader } from '../events/event-feed.js';

/** The status of one sink. */
export interface SinkStatus {
  readonly sink: string;
  /** The last position that was published, and the last in the feed. */
  readonly position: number;
  readonly latest: number;
  /** How long ago the next event to publish happened; 0 where none waits. */
  readonly lagSeconds: number;
  /** Averaged over half a minute to a minute. */
  readonly eventsPerSecond: number;
  /** How many events the sink has confirmed, repeated ones included. */
  readonly published: number;
  /** Counted to 10,000. */
  readonly deadLetters: number;
  /** The server that publishes, or did last. */
  readonly leader: string | null;
  readonly failingSince: Date | null;
  readonly failure: string | null;
}

type StatusRow = {
  readonly [Field in keyof SinkStatus]: SinkStatus[Field] extends number ? string : SinkStatus[Field];
};

/** All sinks that have ever been configured, by name. */
export async function readSinkStatuses(reader: FeedReader): Promise<SinkStatus[]> {
  const rows = await reader.query<StatusRow[]>(SINK_STATUSES);
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

/** An event that has waited longer shows that the sink does not accept it, or that no server publishes. */
const LATE_AFTER_SECONDS = 60;

export function isLate({ lagSeconds }: SinkStatus): boolean {
  return lagSeconds > LATE_AFTER_SECONDS;
}

const SINK_STATUSES = `
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
