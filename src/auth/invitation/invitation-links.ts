import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import { invite } from '../../users/aggregate/decide.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import { Passwords } from '../passwords/passwords.js';
import { AddressThrottle } from '../one-time-tokens/address-throttle.js';

type Invited = Pick<UserEntity, 'id' | 'email'>;

/** Creates invitation links; Mail sends them after commit. */
@Injectable()
export class InvitationLinks {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly throttle: AddressThrottle,
    private readonly passwords: Passwords,
  ) {}

  /** Without limits on mails to the address, as the inviter is authorised. */
  async send(tx: Transaction, { id, email }: Invited, context: RequestContext): Promise<void> {
    if (email !== null) await this.throttle.take(tx, { mail: 'invitation', email, subject: id }, context);
    await this.mail(tx, { id, email }, context);
  }

  private async mail(tx: Transaction, { id }: Invited, context: RequestContext): Promise<void> {
    const expiresAt = await this.tokens.issue(tx, id, 'invitation', this.settings.INVITATION_TOKEN_TTL, context);
    await this.users.change(tx, id, (state) => invite(state, expiresAt), context);
  }

  /** True for an invited user who has not accepted yet. */
  async isOpen(tx: Transaction, user: UserEntity): Promise<boolean> {
    if (user.emailVerified || user.pending || user.deletedAt !== null || user.suspendedAt !== null) return false;
    return (await this.passwords.storedHash(tx, user.id)) === undefined;
  }

  /** At most one mail a minute, and none if it was accepted meanwhile. */
  async sendIfDue(tx: Transaction, { id }: Invited, context: RequestContext): Promise<void> {
    // In the common lock order: the user, then allowances and links.
    const user = await this.users.lockForUpdate(tx, id);
    if (!user || user.email === null || !(await this.isOpen(tx, user))) return;
    if (await this.throttle.take(tx, { mail: 'invitation', email: user.email, subject: id }, context)) {
      await this.mail(tx, user, context);
    }
  }
}
