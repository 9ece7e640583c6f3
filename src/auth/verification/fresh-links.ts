import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { UserStore } from '../../users/store/user-store.js';
import { InvitationLinks } from '../invitation/invitation-links.js';
import { VerificationLinks } from './verification-links.js';

export const FRESH_LINK_JOB = 'auth.resend-verification';

interface Asked {
  readonly address: string;
  readonly context: RequestContext;
}

/** Fresh links for whoever waits with one that has expired: a registration, or an invitation. */
@Injectable()
export class FreshLinks implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly links: VerificationLinks,
    private readonly invitations: InvitationLinks,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handle<Asked>(FRESH_LINK_JOB, ({ address, context }) => this.sendNow(address, context));
  }

  /** Returns before anything was looked up, so the time it takes says nothing about the address. */
  async send(email: string, context: RequestContext): Promise<void> {
    const asked: Asked = { address: addressKey(email), context };
    await this.transactions.run((tx) => this.jobs.add(tx, FRESH_LINK_JOB, asked, { maxAttempts: 5 }));
  }

  private async sendNow(email: string, context: RequestContext): Promise<void> {
    await this.transactions.run(async (tx) => {
      const owner = await this.users.ownerOf(tx, email);
      if (owner && (await this.invitations.isOpen(tx, owner))) return this.invitations.sendIfDue(tx, owner, context);
      await this.links.sendAgain(tx, email, context);
    });
  }
}
