import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Transactions } from '../../database/transaction.js';
import { LinkRequests } from '../one-time-tokens/link-requests.js';
import { PasswordResetLinks } from './password-reset-links.js';

/** Requests for password reset links. */
@Injectable()
export class PasswordResetRequests implements OnModuleInit {
  constructor(
    private readonly requests: LinkRequests,
    private readonly transactions: Transactions,
    private readonly links: PasswordResetLinks,
  ) {}

  onModuleInit(): void {
    this.requests.handle('reset-password', ({ address, context }) =>
      this.transactions.run((tx) => this.links.sendIfDue(tx, address, context)),
    );
  }
}
