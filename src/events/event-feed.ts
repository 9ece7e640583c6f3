import { Injectable } from '@nestjs/common';
import type { UserEventType } from './catalogue.js';
import { type EventRow, toEvent } from './event-log.js';
import { type Opener, PersonalData } from './personal-data.js';
import type { UserEvent } from './user-event.js';

/** An event that has its place in the feed, with its links in the chain of its user. */
export type FeedEvent = UserEvent & {
  readonly position: number;
  readonly previousHash: Buffer | null;
  readonly hash: Buffer;
};

export interface FeedRange {
  /** Only events after this position. */
  readonly after: number;
  /** Every type when absent. */
  readonly types?: readonly UserEventType[] | undefined;
  /** Only events about this user. */
  readonly userId?: string | undefined;
  /** Only events caused by this user. */
  readonly actorId?: string | undefined;
  readonly limit: number;
}

export interface FeedPage {
  readonly events: readonly FeedEvent[];
  /** Where the next page starts: no matching event up to here is left. */
  readonly next: number;
  /** The last position in the feed; equal to `next` where the page ends with the feed. */
  readonly latest: number;
}

/** What the feed is read with: a transaction, a data source, or a separate connection. */
export interface FeedReader {
  query<Rows>(sql: string, values?: unknown[]): Promise<Rows>;
}

/** How many positions one page scans at most, so that rare types cost no more than others: such a page may be empty, and continues. */
const SCAN_LIMIT = 10_000;

interface PlacedRow extends EventRow {
  /** Null, like the columns of the event, where a page is empty. */
  readonly position: string | null;
  readonly wrapping_key_id: string | null;
  readonly wrapped: Buffer | null;
}

interface PageRow extends PlacedRow {
  readonly latest: string;
}

/** The events of all users in the order of their positions. A reader that continues from `next` gets every event exactly once. */
@Injectable()
export class EventFeed {
  constructor(private readonly personalData: PersonalData) {}

  /** One page; personal values are null where the user's key was destroyed. */
  async read(reader: FeedReader, { after, types, userId, actorId, limit }: FeedRange): Promise<FeedPage> {
    const rows = await reader.query<PageRow[]>(FEED_PAGE, [
      after,
      after + SCAN_LIMIT,
      types ?? null,
      limit,
      userId ?? null,
      actorId ?? null,
    ]);
    const latest = Number(rows[0]?.latest ?? 0);
    const events = rows.filter(({ position }) => position !== null).map(this.opening());
    const scanned = Math.max(after, Math.min(latest, after + SCAN_LIMIT));
    return { events, next: events.length === limit ? (events.at(-1)?.position ?? after) : scanned, latest };
  }

  /**
   * Loads the events at these positions.
   * @returns a function that gives the event at a position; it is unsealed only then, so that one that cannot be affects no other
   */
  async loadAt(reader: FeedReader, positions: readonly number[]): Promise<(position: number) => FeedEvent | undefined> {
    const rows = await reader.query<PlacedRow[]>(`${PLACED} WHERE place.position = ANY ($1)`, [positions]);
    const byPosition = new Map(rows.map((row) => [Number(row.position), row]));
    const open = this.opening();
    return (position) => {
      const row = byPosition.get(position);
      return row && open(row);
    };
  }

  /** The last position in the feed; 0 where it is empty. */
  async latest(reader: FeedReader): Promise<number> {
    const [row] = await reader.query<[{ latest: string }]>(LATEST);
    return Number(row.latest);
  }

  /** Unwraps the key of each user once. */
  private opening(): (row: PlacedRow) => FeedEvent {
    const openers = new Map<string, Opener>();
    return (row) => {
      const open = openers.get(row.user_id) ?? this.openerOf(row);
      openers.set(row.user_id, open);
      const event = toEvent(row, open);
      return { ...event, position: Number(row.position), previousHash: row.previous_hash, hash: row.hash };
    };
  }

  private openerOf({ user_id, wrapping_key_id, wrapped }: PlacedRow): Opener {
    const isThere = wrapping_key_id !== null && wrapped !== null;
    const key = isThere ? this.personalData.unwrap(user_id, { key_id: wrapping_key_id, wrapped }) : undefined;
    return this.personalData.openerWith(user_id, key);
  }
}

const LATEST = 'SELECT coalesce(max(position), 0) AS latest FROM event_positions';

const PLACED = `
  SELECT place.position, event.*, user_key.key_id AS wrapping_key_id, user_key.wrapped
  FROM event_positions AS place
  JOIN user_events AS event ON event.id = place.event_id
  LEFT JOIN user_keys AS user_key ON user_key.user_id = event.user_id`;

// A single statement has one snapshot: the page can hold everything up to `latest`.
const FEED_PAGE = `
  SELECT * FROM (${LATEST}) AS whole LEFT JOIN LATERAL (
    ${PLACED}
    WHERE place.position > $1 AND place.position <= $2 AND ($3::text[] IS NULL OR event.type = ANY ($3))
      AND ($5::uuid IS NULL OR event.user_id = $5) AND ($6::text IS NULL OR event.actor ->> 'id' = $6)
    ORDER BY place.position LIMIT $4) AS page ON true
  ORDER BY page.position`;
