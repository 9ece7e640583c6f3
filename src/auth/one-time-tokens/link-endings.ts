import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEvent } from '../../events/user-event.js';
import { OneTimeTokens } from './one-time-tokens.js';

/** Which links end with what happens to an account, so that none says on its page that it is good and is refused afterwards. */
@Injectable()
export class LinkEndings {
  constructor(private readonly tokens: OneTimeTokens) {}

  /** For good, as sessions do: what was mailed before opens nothing after a reinstatement or a restoration. */
  @OnUserEvent('user.suspended', 'user.deleted')
  async shutOut({ userId }: UserEvent, tx: Transaction): Promise<void> {
    await this.tokens.revokeAll(tx, userId);
  }

  @OnUserEvent('user.restored')
  async restored({ userId }: UserEvent, tx: Transaction): Promise<void> {
    await this.tokens.revoke(tx, userId, 'restore-account', '', 'pointless');
  }

  /** There is nothing left to prove by the others. */
  @OnUserEvent('user.email_verified')
  async proved({ userId }: UserEvent, tx: Transaction): Promise<void> {
    await this.tokens.revoke(tx, userId, 'verify-email', '', 'confirmed');
    await this.tokens.revoke(tx, userId, 'invitation', '', 'confirmed');
  }
}
