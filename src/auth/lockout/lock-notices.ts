import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import { UserStore } from '../../users/store/user-store.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';
import { type AccountLocked, LOCKED_JOB } from './lockouts.js';

/** Records a lockout, which causes its mail, after the triggering request was answered. */
@Injectable()
export class LockNotices implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly events: AuthEvents,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handle<AccountLocked>(LOCKED_JOB, (locked) => this.tell(locked));
  }

  private async tell({ userId, kind, at, context }: AccountLocked): Promise<void> {
    // Unknown names have nobody to notify, and their failures are recorded already.
    if (userId === null) return;
    await this.transactions.run(async (tx) => {
      // Before its link, which the mail creates: the common lock order.
      const user = await this.users.lockForUpdate(tx, userId);
      if (!user || user.erasedAt !== null) return;
      const reason = REASONS[kind];
      await this.events.record(tx, { type: 'account.locked', userId, reason, context, occurredAt: new Date(at) });
    });
  }
}

const REASONS: Readonly<Record<AccountLocked['kind'], string>> = {
  user: 'too-many-failures',
  claim: 'too-many-failures',
  nobody: 'too-many-failures',
  device: 'known-device',
  session: 'in-session',
  link: 'with-link',
  factor: 'second-factor',
};
