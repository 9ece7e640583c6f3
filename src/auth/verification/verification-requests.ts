import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Transactions } from '../../database/transaction.js';
import { UserStore } from '../../users/store/user-store.js';
import { InvitationLinks } from '../invitation/invitation-links.js';
import { type LinkRequest, LinkRequests } from '../one-time-tokens/link-requests.js';
import { VerificationLinks } from './verification-links.js';

/** New links for registrations or invitations whose link has expired. */
@Injectable()
export class VerificationRequests implements OnModuleInit {
  constructor(
    private readonly requests: LinkRequests,
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly links: VerificationLinks,
    private readonly invitations: InvitationLinks,
  ) {}

  onModuleInit(): void {
    this.requests.handle('verify-email', (request) => this.sendIfDue(request));
  }

  private async sendIfDue({ address, context }: LinkRequest): Promise<void> {
    await this.transactions.run(async (tx) => {
      const owner = await this.users.ownerOf(tx, address);
      if (owner && (await this.invitations.isOpen(tx, owner))) return this.invitations.sendIfDue(tx, owner, context);
      await this.links.sendAgain(tx, address, context);
    });
  }
}
