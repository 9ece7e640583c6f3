import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEvent } from '../../events/user-event.js';
import { OneTimeTokens } from './one-time-tokens.js';

/** Revokes links when an account changes, so that no page offers a link that is refused afterwards. */
@Injectable()
export class LinkEndings {
  constructor(private readonly tokens: OneTimeTokens) {}

  /** Permanently, like sessions: earlier links do not work again after a reinstatement or a restoration. */
  @OnUserEvent('user.suspended', 'user.deleted')
  async shutOut({ userId }: UserEvent, tx: Transaction): Promise<void> {
    await this.tokens.revokeAll(tx, userId);
  }

  @OnUserEvent('user.restored')
  async restored({ userId }: UserEvent, tx: Transaction): Promise<void> {
    await this.tokens.revoke(tx, userId, 'restore-account', '', 'pointless');
  }

  /** The other links have nothing left to confirm. */
  @OnUserEvent('user.email_verified')
  async proved({ userId }: UserEvent, tx: Transaction): Promise<void> {
    await this.tokens.revoke(tx, userId, 'verify-email', '', 'confirmed');
    await this.tokens.revoke(tx, userId, 'invitation', '', 'confirmed');
  }
}
