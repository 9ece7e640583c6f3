import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import { UserStore } from '../../users/store/user-store.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';
import { type AccountLocked, LOCKED_JOB } from './lockouts.js';

/** Records a lock, and so causes its mail, once the request that caused it has been answered. */
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
    // Of a name that nobody has there is nobody to tell, and its failures are written down already.
    if (userId === null) return;
    await this.transactions.run(async (tx) => {
      // Before its link, which the mail brings about: the order in which everybody locks them.
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
};
