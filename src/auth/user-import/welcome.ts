import { Injectable, type OnModuleInit } from '@nestjs/common';
import { systemContext } from '../../access/caller.js';
import { newTraceId } from '../../config/trace-id.js';
import { Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import { UserStore } from '../../users/store/user-store.js';
import { InvitationLinks } from '../invitation/invitation-links.js';
import { LinkRequests } from '../one-time-tokens/link-requests.js';
import { WELCOME_JOB } from './import-writer.js';

/** Mails imported users without a password how to choose one, where the import was told to (`--invite`). */
@Injectable()
export class ImportWelcome implements OnModuleInit {
  constructor(
    private readonly jobs: Jobs,
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly invitations: InvitationLinks,
    private readonly requests: LinkRequests,
  ) {}

  onModuleInit(): void {
    this.jobs.handle<{ readonly ids: readonly string[] }>(WELCOME_JOB, ({ ids }) => this.welcome(ids));
  }

  /** An invitation, or for an address that was proved elsewhere a link to set a password. At most one a minute and address. */
  private async welcome(ids: readonly string[]): Promise<void> {
    const context = systemContext(newTraceId());
    for (const id of ids) {
      const verified = await this.transactions.run(async (tx) => {
        const user = await this.users.find(tx, id);
        if (user?.email == null || user.deletedAt !== null) return undefined;
        if (user.emailVerified) return user.email;
        await this.invitations.sendIfDue(tx, user, context);
        return undefined;
      });
      if (verified !== undefined) await this.requests.add('reset-password', verified, context);
    }
  }
}
