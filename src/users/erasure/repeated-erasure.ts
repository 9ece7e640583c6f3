import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import type { UserEventOf } from '../../events/user-event.js';
import { Jobs } from '../../jobs/jobs.js';

const ERASE_AGAIN = 'users.erase-again';
/** No request takes that long: whatever it waits for (a hash, the old system, a provider, a lock) has a deadline of less than a minute. */
const AFTER_MS = 5 * 60_000;

/**
 * Repeats an erasure, since a slow request that found the person before it may write something after it. A failed sign-in records the
 * client's IP address once the hash is done, without a lock on the user's row: attackers would otherwise keep others waiting for that lock.
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
