import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import { requestVerification } from '../../users/decide.js';
import { Users } from '../../users/users.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import { AddressThrottle } from './address-throttle.js';

/** Makes verification links due; Mail sends them after commit. */
@Injectable()
export class VerificationLinks {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: Users,
    private readonly tokens: OneTimeTokens,
    private readonly throttle: AddressThrottle,
  ) {}

  /** Does nothing when the address got a mail within the last minute. */
  async sendIfDue(
    tx: Transaction,
    claim: { readonly id: string; readonly email: string | null },
    context: RequestContext,
  ): Promise<void> {
    if (claim.email === null || !(await this.throttle.take(tx, claim.email))) return;
    const ttl = this.settings.VERIFICATION_TOKEN_TTL;
    const expiresAt = await this.tokens.issue(tx, claim.id, 'verify-email', ttl, context);
    await this.users.change(tx, claim.id, (state) => requestVerification(state, expiresAt), context);
  }
}
