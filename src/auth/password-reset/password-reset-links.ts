import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import { requestPasswordReset } from '../../users/aggregate/decide-credentials.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';
import { AddressThrottle } from '../one-time-tokens/address-throttle.js';

/** Creates password reset links; Mail sends them after commit. */
@Injectable()
export class PasswordResetLinks {
  private readonly ttl: number;

  constructor(
    @InjectSettings() settings: Settings,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly throttle: AddressThrottle,
    private readonly events: AuthEvents,
  ) {
    this.ttl = settings.RESET_TOKEN_TTL;
  }

  /** For the owner of the address, at most once a minute. An unconfirmed registration has nothing to reset. */
  async sendIfDue(tx: Transaction, email: string, context: RequestContext): Promise<void> {
    const id = (await this.users.ownerOf(tx, email))?.id;
    const owner = id === undefined ? null : await this.users.lockForUpdate(tx, id);
    // Also without an owner: the remaining allowance must not reveal that.
    const asked = { mail: 'password-reset', email, subject: id ?? email } as const;
    if (!(await this.throttle.take(tx, asked, context)) || !owner) return;
    if (owner.deletedAt !== null) {
      // Users of a deleted account are mailed what they can do.
      const refused = { type: 'link.refused', method: 'password', reason: 'deleted' } as const;
      await this.events.record(tx, { ...refused, userId: owner.id, context });
      return;
    }
    const expiresAt = await this.tokens.issue(tx, owner.id, 'reset-password', this.ttl, context);
    await this.users.change(tx, owner.id, (state) => requestPasswordReset(state, expiresAt), context);
  }
}
