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

/** Creates verification links; Mail sends them after commit. */
@Injectable()
export class VerificationLinks {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly claims: Claims,
    private readonly throttle: AddressThrottle,
  ) {}

  /**
   * For a registration, under the lock on its address.
   * @param isNew whether this transaction has created it
   */
  async send(tx: Transaction, claim: Claim, context: RequestContext, isNew = false): Promise<void> {
    // Even without a mail: the row records the origin of the registration.
    const expiresAt = await (isNew ? this.issueFirst(tx, claim, context) : this.issue(tx, claim, context));
    if (!isNew) await this.claims.noteRivals(tx, claim.email);
    await this.mailIfDue(tx, claim, expiresAt, context);
  }

  /**
   * Mails the link again, or a new one. The requester may not have registered the account, so its page requires a new password.
   * Does nothing without a registration, or if a mail was sent within the last minute.
   */
  async sendAgain(tx: Transaction, email: string, context: RequestContext): Promise<void> {
    await lock(tx, `address:${addressKey(email)}`);
    const claim = await this.claims.meantBy(tx, email, context.ip);
    // In the common lock order: the user, then allowances and links. The claim may be expiring concurrently.
    if (!claim || !(await this.users.lockForUpdate(tx, claim.id))) {
      // The remaining allowance of an address must not reveal whether a registration is waiting.
      await this.throttle.take(tx, { mail: 'verification', email, subject: email }, context);
      return;
    }
    const expiresAt = await this.issue(tx, claim, context);
    if (await this.mailIfDue(tx, claim, expiresAt, context)) {
      await this.tokens.requireNewPassword(tx, [claim.id], 'verify-email');
    }
  }

  private async issueFirst(tx: Transaction, { id, email }: Claim, context: RequestContext): Promise<Date> {
    const link = {
      userId: id,
      purpose: 'verify-email',
      ttl: this.settings.VERIFICATION_TOKEN_TTL,
      subject: '',
    } as const;
    return this.tokens.issueFirst(tx, link, context, await this.claims.hasRivals(tx, email));
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
