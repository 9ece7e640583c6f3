import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import type { LinkEnd } from './token-expired-or-used.js';

const EVERY_HOUR = '41 * * * *';
const KEPT_DAYS = 30;

/** Dead links, possibly replaced by newer ones: kept for 30 days, so that their holders can be told why they no longer work. */
@Injectable()
export class EndedLinks implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_HOUR, 'auth.ended-links', () => this.forgetOld());
  }

  /**
   * Ends the links of a user that meet the condition.
   * @param condition in SQL, on the columns of `one_time_tokens`; `$3` and on are `values`
   * @param how the ending of links that were neither used nor expired
   * @returns whether there was one
   */
  async end(
    tx: Transaction,
    userId: string,
    how: LinkEnd,
    condition: string,
    values: readonly unknown[] = [],
  ): Promise<boolean> {
    const ended = await tx.query<unknown[]>(
      `WITH gone AS (DELETE FROM one_time_tokens WHERE user_id = $1 AND ${condition} RETURNING *)
       INSERT INTO ended_links (id, user_id, purpose, key_id, nonce, how, created_at)
       SELECT id, user_id, purpose, key_id, nonce,
         CASE WHEN used_at IS NOT NULL THEN 'used' WHEN expires_at <= now() THEN 'expired' ELSE $2 END, created_at
       FROM gone RETURNING 1`,
      [userId, how, ...values],
    );
    return ended.length > 0;
  }

  async forgetOld(): Promise<void> {
    await this.transactions.run((tx) =>
      tx.query(`DELETE FROM ended_links WHERE ended_at < now() - $1 * interval '1 day'`, [KEPT_DAYS]),
    );
  }
}
