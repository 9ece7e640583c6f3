import { Injectable } from '@nestjs/common';
import { newestFirst, type PageRange } from '../http/pagination/newest-first.js';
import type { PageRead } from '../http/pagination/page-links.js';
import { isInstantKey } from '../http/request/date-time.js';
import { type Transaction, Transactions } from '../database/transaction.js';
import { USER_EVENTS, type UserEventType } from './catalogue.js';
import { EventFeed, type FeedEvent } from './event-feed.js';

export interface EventFilter {
  /** Every type when absent. */
  readonly types?: readonly UserEventType[] | undefined;
  /** The user whom the event is about. */
  readonly userId?: string | undefined;
  /** The user who caused it. */
  readonly actorId?: string | undefined;
  readonly occurredAfter?: Date | undefined;
  readonly occurredBefore?: Date | undefined;
}

interface EventSearchQuery extends EventFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface FoundEvents extends PageRead<FeedEvent> {
  /** The last position of the feed when it was read: a reader that goes on from there misses none. */
  readonly latest: number;
}

interface FoundRow {
  readonly position: string;
  readonly id: string;
  readonly occurred_at: Date;
}

const ALL_TYPES = Object.keys(USER_EVENTS) as UserEventType[];

/**
 * The log in reverse, the newest first, by filters. Every page costs about the same: of a user, the index on versions is read; of all
 * users, the newest of each type by the index on types (and who caused them), which are then merged.
 */
@Injectable()
export class EventSearch {
  constructor(
    private readonly transactions: Transactions,
    private readonly feed: EventFeed,
  ) {}

  /** One page. Events without a position yet are not in it. @throws ValidationFailed for a cursor of another list */
  async page({ limit, cursor, ...filter }: EventSearchQuery): Promise<FoundEvents> {
    return this.transactions.run(async (tx) => {
      // Before the page: what comes between is in the page as well.
      const latest = await this.feed.latest(tx);
      const { items, ...around } = await newestFirst<FoundRow, number>(
        { limit, ...(cursor !== undefined && { cursor }) },
        {
          sort: '-occurredAt',
          filters: { ...filter, types: filter.types?.toSorted() },
          isKey: isInstantKey,
          place: (row) => ({ key: row.occurred_at.toISOString(), id: row.id }),
          find: (range) => find(tx, filter, range),
          item: ({ position }) => Number(position),
        },
      );
      const eventAt = await this.feed.loadAt(tx, items);
      return { items: items.flatMap((position) => eventAt(position) ?? []), latest, ...around };
    });
  }
}

async function find(tx: Transaction, filter: EventFilter, { order, limit, from }: PageRange): Promise<FoundRow[]> {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const { types, userId, actorId, occurredAfter, occurredBefore } = filter;
  const conditions = [
    ...(actorId === undefined ? [] : [`event.actor ->> 'id' = ${bind(actorId)}`]),
    ...(occurredAfter === undefined ? [] : [`event.occurred_at > ${bind(occurredAfter)}`]),
    ...(occurredBefore === undefined ? [] : [`event.occurred_at < ${bind(occurredBefore)}`]),
    'EXISTS (SELECT FROM event_positions WHERE event_id = event.id)',
  ];
  if (userId === undefined) {
    if (from) {
      const { comparison, place } = from;
      conditions.push(
        `(event.occurred_at, event.id) ${comparison} (${bind(place.key)}::timestamptz, ${bind(place.id)}::uuid)`,
      );
    }
    const wanted = bind(types ?? ALL_TYPES);
    const most = bind(limit);
    return tx.query<FoundRow[]>(
      `SELECT place.position, page.* FROM (
         SELECT newest.id, newest.occurred_at FROM unnest(${wanted}::text[]) AS wanted (type) CROSS JOIN LATERAL (
           SELECT event.id, event.occurred_at FROM user_events AS event
           WHERE event.type = wanted.type AND ${conditions.join(' AND ')}
           ORDER BY event.occurred_at ${order}, event.id ${order} LIMIT ${most}) AS newest
         ORDER BY newest.occurred_at ${order}, newest.id ${order} LIMIT ${most}) AS page
       JOIN event_positions AS place ON place.event_id = page.id
       ORDER BY page.occurred_at ${order}, page.id ${order}`,
      values,
    );
  }
  const user = bind(userId);
  if (types) conditions.push(`event.type = ANY (${bind(types)})`);
  // Times of a user are in the order of its versions.
  if (from) {
    conditions.push(
      `event.user_version ${from.comparison} (SELECT user_version FROM user_events WHERE id = ${bind(from.place.id)} AND user_id = ${user})`,
    );
  }
  return tx.query<FoundRow[]>(
    `SELECT place.position, page.id, page.occurred_at FROM (
       SELECT event.id, event.occurred_at, event.user_version FROM user_events AS event
       WHERE event.user_id = ${user} AND ${conditions.join(' AND ')}
       ORDER BY event.user_version ${order} LIMIT ${bind(limit)}) AS page
     JOIN event_positions AS place ON place.event_id = page.id
     ORDER BY page.user_version ${order}`,
    values,
  );
}
