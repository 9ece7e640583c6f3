import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { lock, type Transaction } from '../../database/transaction.js';
import { requestVerification } from '../../users/aggregate/decide.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import { AddressThrottle } from '../one-time-tokens/address-throttle.js';
import { type Claim, Claims } from './claims.js';

/** Makes verification links due; Mail sends them after commit. */
@Injectable()
export class VerificationLinks {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly claims: Claims,
    private readonly throttle: AddressThrottle,
  ) {}

  /** For a registration that was just made, under the lock on its address. */
  async send(tx: Transaction, claim: Claim, context: RequestContext): Promise<void> {
    // Also where no mail is due any more: the row says from where the registration came.
    const expiresAt = await this.issue(tx, claim, context);
    await this.claims.noteRivals(tx, claim.email);
    await this.mailIfDue(tx, claim, expiresAt, context);
  }

  /**
   * The link again, or a fresh one. Who asks need not be who registered, so its page asks for a new password. Does nothing when
   * there is no registration, or when it was mailed within the last minute.
   */
  async sendAgain(tx: Transaction, email: string, context: RequestContext): Promise<void> {
    await lock(tx, `address:${addressKey(email)}`);
    const claim = await this.claims.meantBy(tx, email, context.ip);
    // The user first, then turns and links: the order in which everybody locks them. A claim may expire at this moment.
    if (!claim || !(await this.users.lockForUpdate(tx, claim.id))) {
      // What is left of the mails of an address must not tell whether a registration waits.
      await this.throttle.take(tx, { mail: 'verification', email, subject: email }, context);
      return;
    }
    const expiresAt = await this.issue(tx, claim, context);
    if (await this.mailIfDue(tx, claim, expiresAt, context)) {
      await this.tokens.requireNewPassword(tx, [claim.id], 'verify-email');
    }
  }

  private async issue(tx: Transaction, { id }: Claim, context: RequestContext): Promise<Date> {
    return this.tokens.issue(tx, id, 'verify-email', this.settings.VERIFICATION_TOKEN_TTL, context);
  }

  /** @returns whether it was due */
  private async mailIfDue(
    tx: Transaction,
    { id, email }: Claim,
    expiresAt: Date,
    context: RequestContext,
  ): Promise<boolean> {
    if (!(await this.throttle.take(tx, { mail: 'verification', email, subject: id }, context))) return false;
    await this.users.change(tx, id, (state) => requestVerification(state, expiresAt), context);
    return true;
  }
}
