import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../database/transaction.js';
import { parseEventTypes } from '../../events/read-events.dto.js';
import type { OutgoingEvent } from '../event-sink.js';
import { Batcher } from '../../async/batcher.js';
import { FAILURES_BEFORE_PAUSES } from './retry-schedule.js';
import { ANSWER_WITHIN_MS } from './webhook-sender.js';
import { RETIRED_SECRETS, type SealedSecrets } from './webhook-secrets.js';

export const HAS_ENABLED_ENDPOINTS = 'EXISTS (SELECT FROM webhook_endpoints WHERE disabled_at IS NULL)';

/** A delivery that this server has leased, to attempt it now. */
export interface LeasedDelivery extends SealedSecrets {
  readonly id: string;
  readonly endpoint_id: string;
  readonly url: string;
  /** The position of the event in the feed. */
  readonly position: string;
  readonly event_id: string;
  readonly user_id: string;
  /** Failed attempts so far. */
  readonly tries: number;
}

/** How many messages to send to one healthy endpoint at once; a failing one gets one at a time. */
const CONCURRENCY_PER_ENDPOINT = 8;

/** How long a delivery belongs to the server that leased it. If that server is killed, another attempts it after that. */
const DELIVERY_LEASE_MS = ANSWER_WITHIN_MS + 5000;

/** The queue of deliveries. A row names an event; its message is composed when it is sent. */
@Injectable()
export class DeliveryQueue {
  private readonly releases = new Batcher<string>(async (ids) => {
    await this.dataSource.query(
      `UPDATE webhook_deliveries SET next_attempt_at = now() WHERE id = ANY ($1) AND state = 'pending'`,
      [ids],
    );
  });

  constructor(private readonly dataSource: DataSource) {}

  /** Whether any endpoint is enabled: a single query, where `enqueue` takes a transaction. */
  async hasEnabledEndpoints(): Promise<boolean> {
    const [row] = await this.dataSource.query<[{ wanted: boolean }]>(`SELECT ${HAS_ENABLED_ENDPOINTS} AS wanted`);
    return row.wanted;
  }

  /**
   * Queues events for every endpoint that subscribes to them, in their order. An event that is queued there already stays queued. One
   * that is finished is sent once more: the relay was set back, or did not learn of our commit.
   * @returns the number of deliveries
   */
  async enqueue(tx: Transaction, events: readonly OutgoingEvent[]): Promise<number> {
    const endpoints = await tx.query<{ id: string; types: string[] }[]>(
      'SELECT id, types FROM webhook_endpoints WHERE disabled_at IS NULL ORDER BY id FOR KEY SHARE',
    );
    // Grouped by endpoint: the rows of one are neighbours in most indexes.
    const rows = endpoints.flatMap(({ id, types }) => {
      const wanted = typesOf(types);
      return events.filter(({ type }) => wanted.has(type)).map((event) => ({ endpoint: id, event }));
    });
    if (rows.length === 0) return 0;
    await tx.query(ENQUEUE, [
      column(rows.map(() => uuidv7())),
      column(rows.map(({ endpoint }) => endpoint)),
      column(rows.map(({ event }) => event.id)),
      column(rows.map(({ event }) => event.userId)),
      column(rows.map(({ event }) => event.type)),
      column(rows.map(({ event }) => event.position)),
    ]);
    return rows.length;
  }

  /**
   * Leases due deliveries, for each endpoint up to its concurrency. Of one user at one endpoint, only the first that waits: the next
   * follows when it is delivered or has failed.
   * @param underWay how many this server is sending already, by endpoint
   */
  async leaseDue(underWay: ReadonlyMap<string, number>): Promise<LeasedDelivery[]> {
    const [rows] = await this.dataSource.query<[LeasedDelivery[], number]>(LEASE, [
      [...underWay.keys()],
      [...underWay.values()],
      FAILURES_BEFORE_PAUSES,
      CONCURRENCY_PER_ENDPOINT,
      DELIVERY_LEASE_MS,
    ]);
    return rows;
  }

  /** Releases a delivery that was leased and not attempted: it is due at once. */
  async release(id: string): Promise<void> {
    await this.releases.submit(id);
  }

  /** How many deliveries wait at enabled endpoints, counted to 10,000. */
  async countWaiting(): Promise<number> {
    const [row] = await this.dataSource.query<[{ count: number }]>(COUNT_WAITING);
    return row.count;
  }
}

/** An array in PostgreSQL's syntax, of values that need no quotes: a batch has thousands of rows, and the driver would escape each. */
function column(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}

/** Leaves out types that another release has stored and this one does not know. */
function typesOf(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => parseEventTypes(name) ?? []));
}

const ENQUEUE = `
  INSERT INTO webhook_deliveries (id, endpoint_id, event_id, user_id, type, position)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[])
  ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO UPDATE
    SET state = 'pending', tries = 0, next_attempt_at = now(), finished_at = NULL
    WHERE webhook_deliveries.state <> 'pending'`;

// Concurrent leases skip each other's rows, and find them leased afterwards. Written as the same few index lookups whatever the
// planner knows of the tables: the first rows of each endpoint, and of each row whether it is the first of its user.
const LEASE = `
  UPDATE webhook_deliveries AS delivery SET next_attempt_at = now() + $5 * interval '1 millisecond'
  FROM webhook_endpoints AS endpoint
  WHERE endpoint.id = delivery.endpoint_id AND delivery.id = ANY (ARRAY (
    SELECT due.id FROM (
      SELECT id, CASE WHEN failures < $3 THEN $4 ELSE 1 END - coalesce(under_way, 0) AS room
      FROM webhook_endpoints LEFT JOIN unnest($1::uuid[], $2::integer[]) AS own (endpoint_id, under_way) ON endpoint_id = id
      WHERE disabled_at IS NULL AND (paused_until IS NULL OR paused_until <= now())) AS ready
    CROSS JOIN LATERAL (
      SELECT id FROM webhook_deliveries AS waiting
      WHERE endpoint_id = ready.id AND state = 'pending' AND next_attempt_at <= now() AND position = (
        SELECT min(position) FROM webhook_deliveries
        WHERE endpoint_id = ready.id AND user_id = waiting.user_id AND state = 'pending')
      ORDER BY next_attempt_at, position LIMIT greatest(0, room) FOR UPDATE SKIP LOCKED) AS due))
  RETURNING delivery.id, delivery.endpoint_id, endpoint.url, delivery.position, delivery.event_id, delivery.user_id,
    delivery.tries, endpoint.key_id, endpoint.secret,
    CASE WHEN endpoint.previous_secret_until > now() THEN endpoint.previous_secret END AS previous_secret,
    ${RETIRED_SECRETS}`;

const COUNT_AT_MOST = 10_000;
const COUNT_WAITING = `
  SELECT count(*)::int AS count FROM (
    SELECT FROM webhook_deliveries AS delivery JOIN webhook_endpoints AS endpoint ON endpoint.id = endpoint_id
    WHERE state = 'pending' AND disabled_at IS NULL LIMIT ${COUNT_AT_MOST}) AS waiting`;
