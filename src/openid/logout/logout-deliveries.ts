import { Injectable } from '@nestjs/common';
import { afterCommit, type Transaction, Transactions } from '../../database/transaction.js';
import { newestFirst } from '../../http/pagination/newest-first.js';
import type { PageRead } from '../../http/pagination/page-links.js';
import { isInstantKey } from '../../http/request/date-time.js';
import { removeExpiredDeliveries } from '../../relay/webhooks/delivery-retention.js';
import { DeliveryNotFound } from '../../relay/webhooks/webhook-errors.js';
import { ClientRegistry } from '../clients/client-registry.js';
import { LogoutDispatcher } from './logout-dispatcher.js';
import type { LogoutDeliveriesQuery, LogoutDeliveryItem, LogoutDeliveryState } from './logout.dto.js';

interface DeliveryRow {
  readonly id: string;
  readonly session_id: string;
  readonly user_id: string;
  readonly state: LogoutDeliveryState;
  readonly tries: number;
  readonly created_at: Date;
  readonly finished_at: Date | null;
  readonly next_attempt_at: Date | null;
  readonly last_attempt_at: Date | null;
  readonly status: number | null;
  readonly error: string | null;
}

/** The record of what clients were told of ended sessions. */
@Injectable()
export class LogoutDeliveries {
  constructor(
    private readonly transactions: Transactions,
    private readonly clients: ClientRegistry,
    private readonly dispatcher: LogoutDispatcher,
  ) {}

  /** One page, the newest first. @throws ClientNotFound; ValidationFailed for a cursor of another list */
  async page(clientId: string, { state, ...query }: LogoutDeliveriesQuery): Promise<PageRead<LogoutDeliveryItem>> {
    await this.clients.findById(clientId);
    return newestFirst<DeliveryRow, LogoutDeliveryItem>(query, {
      sort: '-createdAt',
      filters: { client: clientId, state },
      isKey: isInstantKey,
      place: (row) => ({ key: row.created_at.toISOString(), id: row.id }),
      find: ({ order, limit, from }) => {
        const side = from ? `AND (created_at, id) ${from.comparison} ($4::timestamptz, $5::uuid)` : '';
        return this.transactions.run((tx) =>
          tx.query<DeliveryRow[]>(
            `SELECT * FROM logout_deliveries WHERE client_id = $1 AND ($2::text IS NULL OR state = $2) ${side}
             ORDER BY created_at ${order}, id ${order} LIMIT $3`,
            [clientId, state ?? null, limit, ...(from ? [from.place.key, from.place.id] : [])],
          ),
        );
      },
      item: toItem,
    });
  }

  /** Queues a delivery again, with a day of attempts. @throws ClientNotFound, DeliveryNotFound */
  async resend(clientId: string, id: string): Promise<LogoutDeliveryItem> {
    await this.clients.findById(clientId);
    return this.transactions.run(async (tx) => {
      await tx.query(
        `UPDATE logout_deliveries SET state = 'pending', tries = 0, next_attempt_at = now(), finished_at = NULL
         WHERE id = $1 AND client_id = $2`,
        [id, clientId],
      );
      const [row] = await tx.query<DeliveryRow[]>('SELECT * FROM logout_deliveries WHERE id = $1 AND client_id = $2', [
        id,
        clientId,
      ]);
      if (!row) throw new DeliveryNotFound();
      afterCommit(tx, this.dispatcher.wake);
      return toItem(row);
    });
  }

  /** For an export of a user: which application was told of which ended session. */
  async export(tx: Transaction, userId: string): Promise<unknown> {
    return tx.query(
      `SELECT clients.name AS application, session_id AS "sessionId", state, delivery.created_at AS "createdAt",
         finished_at AS "finishedAt"
       FROM logout_deliveries AS delivery JOIN clients ON clients.id = client_id WHERE user_id = $1
       ORDER BY delivery.created_at, delivery.id`,
      [userId],
    );
  }

  /** Those that wait are sent all the same, and removed after their retention: they hold ids alone. */
  async eraseFinished(tx: Transaction, userId: string): Promise<void> {
    await tx.query(`DELETE FROM logout_deliveries WHERE user_id = $1 AND state <> 'pending'`, [userId]);
  }

  /** Removes records after their retention. A session that ended so long ago has told everybody, or been removed. */
  async removeExpired(): Promise<void> {
    await removeExpiredDeliveries(this.transactions, 'logout_deliveries');
  }
}

function toItem(row: DeliveryRow): LogoutDeliveryItem {
  return {
    id: row.id,
    sessionId: row.session_id,
    userId: row.user_id,
    state: row.state,
    failedAttempts: row.tries,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
    lastAttemptAt: row.last_attempt_at?.toISOString() ?? null,
    lastStatus: row.status,
    lastError: row.error,
  };
}
