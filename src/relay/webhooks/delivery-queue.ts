import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../database/transaction.js';
import { parseEventTypes } from '../../events/read-events.dto.js';
import type { OutgoingEvent } from '../event-sink.js';
import { FAILURES_BEFORE_PAUSES } from './retry-schedule.js';
import { ANSWER_WITHIN_MS } from './webhook-sender.js';
import type { SealedSecrets } from './webhook-secrets.js';

/** A delivery that is to be tried now. Nobody else tries it for a while. */
export interface DueDelivery extends SealedSecrets {
  readonly id: string;
  readonly endpoint_id: string;
  readonly url: string;
  /** Of the event, in the feed. */
  readonly position: string;
  readonly event_id: string;
  readonly user_id: string;
  /** In vain so far. */
  readonly tries: number;
}

/** Messages under way to one endpoint that is well; one that fails gets one at a time. */
const UNDER_WAY_EACH = 8;

/** For so long a delivery is nobody else's: when the server that has it in hand is killed, it is tried again after that. */
const HELD_MS = ANSWER_WITHIN_MS + 5000;

/** What each endpoint is still to get. A row says which event; the message is made when it is sent. */
@Injectable()
export class DeliveryQueue {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Queues events for every endpoint that wants them, in their order. An event that waits there already goes on to wait; one that
   * is done is sent once more: it comes again because somebody set the relay back, or because the relay did not see our commit.
   */
  async add(tx: Transaction, events: readonly OutgoingEvent[]): Promise<number> {
    const endpoints = await tx.query<{ id: string; types: string[] }[]>(
      'SELECT id, types FROM webhook_endpoints WHERE disabled_at IS NULL ORDER BY id FOR KEY SHARE',
    );
    const wanted = endpoints.map(({ id, types }) => ({ id, types: typesOf(types) }));
    const rows = events.flatMap((event) =>
      wanted.filter(({ types }) => types.has(event.type)).map(({ id }) => ({ endpoint: id, event })),
    );
    if (rows.length === 0) return 0;
    await tx.query(ADD, [
      rows.map(() => uuidv7()),
      rows.map(({ endpoint }) => endpoint),
      rows.map(({ event }) => event.id),
      rows.map(({ event }) => event.userId),
      rows.map(({ event }) => event.type),
      rows.map(({ event }) => event.position),
    ]);
    return rows.length;
  }

  /**
   * Takes what is due, at each endpoint as much as it may have under way at once. Of one user, only the first that waits there: the
   * next follows when that is accepted or given up.
   * @param underWay how much this server has under way already, by endpoint
   */
  async take(underWay: ReadonlyMap<string, number>): Promise<DueDelivery[]> {
    const [rows] = await this.dataSource.query<[DueDelivery[], number]>(TAKE, [
      [...underWay.keys()],
      [...underWay.values()],
      FAILURES_BEFORE_PAUSES,
      UNDER_WAY_EACH,
      HELD_MS,
    ]);
    return rows;
  }

  /** Gives back what was taken and not tried: it is due at once. */
  async giveBack(id: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE webhook_deliveries SET next_attempt_at = now() WHERE id = $1 AND state = 'pending'`,
      [id],
    );
  }

  /** How many wait, at endpoints that are switched on; counted up to some thousands. */
  async waiting(): Promise<number> {
    const [row] = await this.dataSource.query<[{ count: number }]>(WAITING);
    return row.count;
  }
}

/** What a release before, or one to come, may have stored is left out where this one does not know it. */
function typesOf(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => parseEventTypes(name) ?? []));
}

const ADD = `
  INSERT INTO webhook_deliveries (id, endpoint_id, event_id, user_id, type, position)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[])
  ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO UPDATE
    SET state = 'pending', tries = 0, next_attempt_at = now(), finished_at = NULL
    WHERE webhook_deliveries.state <> 'pending'`;

// Whoever takes the same row at the same moment skips it, and finds it held afterwards.
const TAKE = `
  WITH taken AS (
    SELECT due.id FROM webhook_endpoints AS endpoint
    LEFT JOIN unnest($1::uuid[], $2::integer[]) AS own (endpoint_id, under_way) ON own.endpoint_id = endpoint.id
    CROSS JOIN LATERAL (
      SELECT id FROM webhook_deliveries AS delivery
      WHERE endpoint_id = endpoint.id AND state = 'pending' AND next_attempt_at <= now()
        AND NOT EXISTS (
          SELECT FROM webhook_deliveries AS earlier
          WHERE earlier.endpoint_id = endpoint.id AND earlier.user_id = delivery.user_id AND earlier.state = 'pending'
            AND earlier.position < delivery.position)
      ORDER BY next_attempt_at, position
      LIMIT greatest(0, CASE WHEN endpoint.failures < $3 THEN $4 ELSE 1 END - coalesce(own.under_way, 0))
      FOR UPDATE SKIP LOCKED) AS due
    WHERE endpoint.disabled_at IS NULL AND (endpoint.paused_until IS NULL OR endpoint.paused_until <= now()))
  UPDATE webhook_deliveries AS delivery SET next_attempt_at = now() + $5 * interval '1 millisecond'
  FROM taken, webhook_endpoints AS endpoint
  WHERE delivery.id = taken.id AND endpoint.id = delivery.endpoint_id
  RETURNING delivery.id, delivery.endpoint_id, endpoint.url, delivery.position, delivery.event_id, delivery.user_id,
    delivery.tries, endpoint.key_id, endpoint.secret,
    CASE WHEN endpoint.previous_secret_until > now() THEN endpoint.previous_secret END AS previous_secret`;

const COUNT_AT_MOST = 10_000;
const WAITING = `
  SELECT count(*)::int AS count FROM (
    SELECT FROM webhook_deliveries AS delivery JOIN webhook_endpoints AS endpoint ON endpoint.id = endpoint_id
    WHERE state = 'pending' AND disabled_at IS NULL LIMIT ${COUNT_AT_MOST}) AS waiting`;
