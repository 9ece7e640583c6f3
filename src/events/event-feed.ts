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
  /** Only what comes after this position. */
  readonly after: number;
  /** Every type when absent. */
  readonly types?: readonly UserEventType[] | undefined;
  readonly limit: number;
}

export interface FeedPage {
  readonly events: readonly FeedEvent[];
  /** Where to read on: up to here, nothing that was asked for is left. */
  readonly next: number;
  /** The last position that is given out; `next` has reached it where the page ends with the feed. */
  readonly latest: number;
}

/** Where the feed is read from: a transaction, a data source, or a connection of one's own. */
export interface FeedReader {
  query<Rows>(sql: string, values?: unknown[]): Promise<Rows>;
}

/** What one page looks at, so that rare types cost no more than others: such a page holds little, or nothing, and leads on. */
const LOOK_AT_MOST = 10_000;

interface PlacedRow extends EventRow {
  /** Null, with everything of the event, where a page is empty. */
  readonly position: string | null;
  readonly wrapping_key_id: string | null;
  readonly wrapped: Buffer | null;
}

interface PageRow extends PlacedRow {
  readonly latest: string;
}

/** The events of all users in the order of their positions. Whoever reads on from `next` gets every event exactly once. */
@Injectable()
export class EventFeed {
  constructor(private readonly personalData: PersonalData) {}

  /** One page; personal values are null where the user's key was destroyed. */
  async read(reader: FeedReader, { after, types, limit }: FeedRange): Promise<FeedPage> {
    const rows = await reader.query<PageRow[]>(PAGE, [after, after + LOOK_AT_MOST, types ?? null, limit]);
    const latest = Number(rows[0]?.latest ?? 0);
    const events = rows.filter(({ position }) => position !== null).map(this.opening());
    const looked = Math.max(after, Math.min(latest, after + LOOK_AT_MOST));
    return { events, next: events.length === limit ? (events.at(-1)?.position ?? after) : looked, latest };
  }

  /**
   * The events at these positions.
   * @returns gives the one at a position, where there is one; it is opened only then, so that one that cannot be spoils no other
   */
  async at(reader: FeedReader, positions: readonly number[]): Promise<(position: number) => FeedEvent | undefined> {
    const rows = await reader.query<PlacedRow[]>(`${PLACED} WHERE place.position = ANY ($1)`, [positions]);
    const byPosition = new Map(rows.map((row) => [Number(row.position), row]));
    const open = this.opening();
    return (position) => {
      const row = byPosition.get(position);
      return row && open(row);
    };
  }

  /** The last position that is given out; 0 where there is none. */
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

// One statement sees one moment: what `latest` counts, the page can show.
const PAGE = `
  SELECT * FROM (${LATEST}) AS whole LEFT JOIN LATERAL (
    ${PLACED}
    WHERE place.position > $1 AND place.position <= $2 AND ($3::text[] IS NULL OR event.type = ANY ($3))
    ORDER BY place.position LIMIT $4) AS page ON true
  ORDER BY page.position`;
