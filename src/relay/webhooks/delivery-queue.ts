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
  private readonly untried = new Batcher<string>(async (ids) => {
    await this.dataSource.query(
      `UPDATE webhook_deliveries SET next_attempt_at = now() WHERE id = ANY ($1) AND state = 'pending'`,
      [ids],
    );
  });

  constructor(private readonly dataSource: DataSource) {}

  /** Whether there is an endpoint that is switched on: one question, where `add` takes a transaction. */
  async isWanted(): Promise<boolean> {
    const [row] = await this.dataSource.query<[{ wanted: boolean }]>(
      'SELECT EXISTS (SELECT FROM webhook_endpoints WHERE disabled_at IS NULL) AS wanted',
    );
    return row.wanted;
  }

  /**
   * Queues events for every endpoint that wants them, in their order. An event that waits there already goes on to wait; one that
   * is done is sent once more: it comes again because somebody set the relay back, or because the relay did not see our commit.
   */
  async add(tx: Transaction, events: readonly OutgoingEvent[]): Promise<number> {
    const endpoints = await tx.query<{ id: string; types: string[] }[]>(
      'SELECT id, types FROM webhook_endpoints WHERE disabled_at IS NULL ORDER BY id FOR KEY SHARE',
    );
    // Those of one endpoint together: they are neighbours in most indexes.
    const rows = endpoints.flatMap(({ id, types }) => {
      const wanted = typesOf(types);
      return events.filter(({ type }) => wanted.has(type)).map((event) => ({ endpoint: id, event }));
    });
    if (rows.length === 0) return 0;
    await tx.query(ADD, [
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
    await this.untried.submit(id);
  }

  /** How many wait, at endpoints that are switched on; counted up to some thousands. */
  async waiting(): Promise<number> {
    const [row] = await this.dataSource.query<[{ count: number }]>(WAITING);
    return row.count;
  }
}

/** An array as PostgreSQL reads it, of values that need no quotes: a batch is thousands of rows, and the driver would look at each. */
function column(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
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

// Whoever takes the same row at the same moment skips it, and finds it held afterwards. Written so that it is the same few index
// lookups whatever the planner knows of the tables: each endpoint's first rows, of each whether it is its user's first.
const TAKE = `
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
const WAITING = `
  SELECT count(*)::int AS count FROM (
    SELECT FROM webhook_deliveries AS delivery JOIN webhook_endpoints AS endpoint ON endpoint.id = endpoint_id
    WHERE state = 'pending' AND disabled_at IS NULL LIMIT ${COUNT_AT_MOST}) AS waiting`;
