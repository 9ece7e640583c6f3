import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import type { UserEventOf } from '../../events/user-event.js';
import { Jobs } from '../../jobs/jobs.js';

const ERASE_AGAIN = 'users.erase-again';
/** No request takes that long: each thing that one waits for (a hash, the old system, a provider, a lock) has a deadline below a minute. */
const AFTER_MS = 5 * 60_000;

/**
 * Erases once more, for what a slow request wrote that had found the person before the erasure: a failed sign-in records the client's IP
 * address after a hash, and not under the lock of the user's row, for which attackers would otherwise have everybody wait.
 */
@Injectable()
export class RepeatedErasure implements OnModuleInit {
  constructor(
    private readonly jobs: Jobs,
    private readonly transactions: Transactions,
    private readonly registry: PersonalDataRegistry,
  ) {}

  onModuleInit(): void {
    this.jobs.handle<{ readonly userId: string }>(ERASE_AGAIN, async ({ userId }) => {
      // What is kept under the address alone, which nobody knows any more, expires by itself.
      await this.transactions.run((tx) => this.registry.erase(tx, { id: userId, email: null }));
    });
  }

  @OnUserEvent('user.erased')
  async plan({ userId }: UserEventOf<'user.erased'>, tx: Transaction): Promise<void> {
    await this.jobs.enqueue(tx, ERASE_AGAIN, { userId }, { afterMs: AFTER_MS });
  }
}
