import { inBatches } from '../../async/in-batches.js';
import type { Transactions } from '../../database/transaction.js';

/** How long the record of a delivery is kept: of a delivered one, and of any other. */
const KEPT_DELIVERED_DAYS = 7;
const KEPT_DAYS = 30;
const BATCH = 1000;

/**
 * Removes the record of deliveries after its retention, in batches, each in its own transaction. One that is locked is left to
 * the next time: it may be just being queued again.
 */
export async function removeExpiredDeliveries(
  transactions: Transactions,
  table: 'webhook_deliveries' | 'logout_deliveries',
): Promise<void> {
  await inBatches(BATCH, () =>
    transactions.run(async (tx) => {
      const [, count] = await tx.query<[unknown[], number]>(
        `DELETE FROM ${table} WHERE id = ANY (ARRAY(
           SELECT id FROM ${table}
           WHERE created_at < now() - CASE WHEN state = 'delivered' THEN $1::integer ELSE $2::integer END * interval '1 day'
             AND created_at < now() - $1::integer * interval '1 day'
           ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED))`,
        [KEPT_DELIVERED_DAYS, KEPT_DAYS, BATCH],
      );
      return count;
    }),
  );
}
