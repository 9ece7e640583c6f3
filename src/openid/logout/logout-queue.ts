import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { DeliveryOutcome } from '../../relay/webhooks/webhook-sender.js';
import { ANSWER_WITHIN_MS } from '../../relay/webhooks/webhook-sender.js';
import { waitAfter } from '../../relay/webhooks/retry-schedule.js';
import { InjectLog, type Log } from '../../ops/log.js';
import type { IdTokenAlgorithm } from '../clients/client.js';

/** A logout token that this server has leased, to send it now. */
export interface LeasedLogout {
  readonly id: string;
  /** The client. */
  readonly endpoint_id: string;
  readonly url: string;
  /** As its id_tokens are. */
  readonly alg: IdTokenAlgorithm;
  readonly session_id: string;
  readonly user_id: string;
  /** Failed attempts so far. */
  readonly tries: number;
}

/** How many tokens to send to one client at once. */
const CONCURRENCY_PER_CLIENT = 8;

/** How long a delivery belongs to the server that leased it. If that server is killed, another attempts it after that. */
const LEASE_MS = ANSWER_WITHIN_MS + 5000;

/** The queue of logout tokens: a row for each client that an ended session signed somebody in to. */
@Injectable()
export class LogoutQueue {
  constructor(
    private readonly dataSource: DataSource,
    @InjectLog() private readonly log: Log,
  ) {}

  /** Leases those that are due, for each client up to its concurrency. Those of a client whose URI was removed wait for another. */
  async leaseDue(underWay: ReadonlyMap<string, number>): Promise<LeasedLogout[]> {
    const [rows] = await this.dataSource.query<[LeasedLogout[], number]>(LEASE, [
      [...underWay.keys()],
      [...underWay.values()],
      CONCURRENCY_PER_CLIENT,
      LEASE_MS,
    ]);
    return rows;
  }

  async release(id: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE logout_deliveries SET next_attempt_at = now() WHERE id = $1 AND state = 'pending'`,
      [id],
    );
  }

  /** After the last attempt, a day later, a delivery is given up; it can be sent again. */
  async record({ id, tries, ...delivery }: LeasedLogout, { accepted, status, error }: DeliveryOutcome): Promise<void> {
    const wait = accepted ? undefined : waitAfter(tries + 1);
    await this.dataSource.query(RECORD, [id, accepted, status, error, wait ?? null]);
    if (accepted) return;
    const about = { clientId: delivery.endpoint_id, sessionId: delivery.session_id, reason: error };
    this.log.warn({ ...about, givenUp: wait === undefined }, 'logout token was not accepted');
  }

  /** How many tokens wait, counted to 10,000. */
  async countWaiting(): Promise<number> {
    const [row] = await this.dataSource.query<[{ count: number }]>(COUNT_WAITING);
    return row.count;
  }
}

// As that of webhooks: the same few index lookups whatever the planner knows of the tables.
const LEASE = `
  UPDATE logout_deliveries AS delivery SET next_attempt_at = now() + $4 * interval '1 millisecond'
  FROM clients
  WHERE clients.id = delivery.client_id AND delivery.id = ANY (ARRAY (
    SELECT due.id FROM (
      SELECT id, $3 - coalesce(under_way, 0) AS room
      FROM clients LEFT JOIN unnest($1::uuid[], $2::integer[]) AS own (client_id, under_way) ON client_id = id
      WHERE backchannel_logout_uri IS NOT NULL) AS ready
    CROSS JOIN LATERAL (
      SELECT id FROM logout_deliveries
      WHERE client_id = ready.id AND state = 'pending' AND next_attempt_at <= now()
      ORDER BY next_attempt_at LIMIT greatest(0, room) FOR UPDATE SKIP LOCKED) AS due))
  RETURNING delivery.id, delivery.client_id AS endpoint_id, clients.backchannel_logout_uri AS url, clients.id_token_alg AS alg,
    delivery.session_id, delivery.user_id, delivery.tries`;

/** Without a wait until the next attempt, one that was not accepted has failed. */
const RECORD = `
  UPDATE logout_deliveries SET tries = tries + CASE WHEN $2 THEN 0 ELSE 1 END, last_attempt_at = now(), status = $3, error = $4,
    state = CASE WHEN $2 THEN 'delivered' WHEN $5::float8 IS NULL THEN 'failed' ELSE state END,
    next_attempt_at = now() + $5::float8 * interval '1 millisecond',
    finished_at = CASE WHEN $5::float8 IS NULL THEN now() END
  WHERE id = $1 AND state = 'pending'`;

const COUNT_WAITING = `
  SELECT count(*)::int AS count FROM (SELECT FROM logout_deliveries WHERE state = 'pending' LIMIT 10000) AS waiting`;
