import { Injectable } from '@nestjs/common';
import { afterCommit, type Transaction, Transactions } from '../../database/transaction.js';
import type { UserEventType } from '../../events/catalogue.js';
import { isInstantKey } from '../../http/request/date-time.js';
import { newestFirst } from '../../http/pagination/newest-first.js';
import type { PageRead } from '../../http/pagination/page-links.js';
import type {
  DeliveriesQuery,
  DeliveryAttempt,
  DeliveryItem,
  DeliveryState,
  ResentDeliveries,
} from './delivery.dto.js';
import { removeExpiredDeliveries } from './delivery-retention.js';
import { WebhookDispatcher } from './webhook-dispatcher.js';
import { WebhookEndpoints } from './webhook-endpoints.js';
import { DeliveryNotFound, WebhookDisabled } from './webhook-errors.js';

interface DeliveryRow {
  readonly id: string;
  readonly event_id: string;
  readonly type: UserEventType;
  readonly user_id: string;
  readonly position: string;
  readonly state: DeliveryState;
  readonly created_at: Date;
  readonly finished_at: Date | null;
  readonly next_attempt_at: Date | null;
  readonly attempts: DeliveryAttempt[] | null;
}

const RESEND_BATCH_SIZE = 1000;
const RESEND_AT_MOST = 10_000;

/** The record of the deliveries to each endpoint. */
@Injectable()
export class Deliveries {
  constructor(
    private readonly transactions: Transactions,
    private readonly endpoints: WebhookEndpoints,
    private readonly dispatcher: WebhookDispatcher,
  ) {}

  /** One page, the newest first. @throws WebhookNotFound; ValidationFailed for a cursor of another list */
  async page(endpointId: string, { state, ...query }: DeliveriesQuery): Promise<PageRead<DeliveryItem>> {
    await this.endpoints.findById(endpointId);
    return newestFirst<DeliveryRow, DeliveryItem>(query, {
      sort: '-createdAt',
      filters: { webhook: endpointId, state },
      isKey: isInstantKey,
      place: (row) => ({ key: row.created_at.toISOString(), id: row.id }),
      find: ({ order, limit, from }) => {
        const side = from ? `AND (created_at, id) ${from.comparison} ($4::timestamptz, $5::uuid)` : '';
        return this.transactions.run((tx) =>
          tx.query<DeliveryRow[]>(
            `SELECT delivery.*, ${ATTEMPTS_AS_JSON} AS attempts FROM webhook_deliveries AS delivery
             WHERE endpoint_id = $1 AND ($2::text IS NULL OR state = $2) ${side}
             ORDER BY created_at ${order}, id ${order} LIMIT $3`,
            [endpointId, state ?? null, limit, ...(from ? [from.place.key, from.place.id] : [])],
          ),
        );
      },
      item: toDeliveryItem,
    });
  }

  /** @throws WebhookNotFound, DeliveryNotFound */
  async findById(endpointId: string, id: string): Promise<DeliveryItem> {
    await this.endpoints.findById(endpointId);
    return this.transactions.run(async (tx) => toDeliveryItem(await findRow(tx, endpointId, id)));
  }

  /**
   * Queues deliveries that were given up again, the oldest first, with all their attempts; 10,000 at most.
   * @throws WebhookNotFound; WebhookDisabled
   */
  async resendFailed(endpointId: string): Promise<ResentDeliveries> {
    const endpoint = await this.endpoints.findById(endpointId);
    if (endpoint.disabled_at !== null) throw new WebhookDisabled();
    let resent = 0;
    for (let last = RESEND_BATCH_SIZE; last === RESEND_BATCH_SIZE && resent < RESEND_AT_MOST; resent += last) {
      last = await this.transactions.run(async (tx) => {
        const [, count] = await tx.query<[unknown[], number]>(RESEND_FAILED, [endpointId, RESEND_BATCH_SIZE]);
        afterCommit(tx, this.dispatcher.wake);
        return count;
      });
    }
    return { resent, more: resent === RESEND_AT_MOST };
  }

  /** Queues a delivery again, with all its attempts. @throws WebhookNotFound, DeliveryNotFound; WebhookDisabled */
  async resend(endpointId: string, id: string): Promise<DeliveryItem> {
    const endpoint = await this.endpoints.findById(endpointId);
    if (endpoint.disabled_at !== null) throw new WebhookDisabled();
    return this.transactions.run(async (tx) => {
      await tx.query(
        `UPDATE webhook_deliveries SET state = 'pending', tries = 0, next_attempt_at = now(), finished_at = NULL
         WHERE id = $1 AND endpoint_id = $2`,
        [id, endpointId],
      );
      const row = await findRow(tx, endpointId, id);
      afterCommit(tx, this.dispatcher.wake);
      return toDeliveryItem(row);
    });
  }

  /** For an export of a user: the deliveries of their events, with the responses. */
  async export(tx: Transaction, userId: string): Promise<unknown> {
    return tx.query(
      `SELECT delivery.type, endpoint.url, delivery.state, delivery.created_at AS "createdAt",
         delivery.finished_at AS "finishedAt", ${ATTEMPTS_AS_JSON} AS attempts
       FROM webhook_deliveries AS delivery JOIN webhook_endpoints AS endpoint ON endpoint.id = delivery.endpoint_id
       WHERE delivery.user_id = $1 ORDER BY delivery.created_at, delivery.id`,
      [userId],
    );
  }

  /** A response may repeat what was sent. */
  async eraseResponses(tx: Transaction, userId: string): Promise<void> {
    await tx.query(
      `UPDATE webhook_attempts SET answer = NULL
       WHERE answer IS NOT NULL AND delivery_id IN (SELECT id FROM webhook_deliveries WHERE user_id = $1)`,
      [userId],
    );
  }

  /** Removes records after their retention, and secrets that have expired. */
  async removeExpired(): Promise<void> {
    await this.transactions.run((tx) => tx.query('DELETE FROM webhook_retired_secrets WHERE until <= now()'));
    await removeExpiredDeliveries(this.transactions, 'webhook_deliveries');
  }
}

const ATTEMPTS_AS_JSON = `(
  SELECT json_agg(json_build_object('at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'durationMs', duration_ms, 'status', status, 'error', error, 'answer', answer) ORDER BY attempt.id DESC)
  FROM webhook_attempts AS attempt WHERE delivery_id = delivery.id)`;

// Those of a user stay in order: all of them are due at once, and the lowest position goes first.
const RESEND_FAILED = `
  UPDATE webhook_deliveries SET state = 'pending', tries = 0, next_attempt_at = now(), finished_at = NULL
  WHERE id = ANY (ARRAY(
    SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 AND state = 'failed'
    ORDER BY created_at, id LIMIT $2 FOR UPDATE SKIP LOCKED))`;

/** @throws DeliveryNotFound */
async function findRow(tx: Transaction, endpointId: string, id: string): Promise<DeliveryRow> {
  const [row] = await tx.query<DeliveryRow[]>(
    `SELECT delivery.*, ${ATTEMPTS_AS_JSON} AS attempts FROM webhook_deliveries AS delivery WHERE id = $1 AND endpoint_id = $2`,
    [id, endpointId],
  );
  if (!row) throw new DeliveryNotFound();
  return row;
}

function toDeliveryItem(row: DeliveryRow): DeliveryItem {
  return {
    id: row.id,
    eventId: row.event_id,
    type: row.type,
    userId: row.user_id,
    position: Number(row.position),
    state: row.state,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
    attempts: row.attempts ?? [],
  };
}
