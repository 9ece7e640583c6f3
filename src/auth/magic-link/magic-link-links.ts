import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import { requestMagicLink } from '../../users/aggregate/decide-credentials.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { isClaimOf } from '../../users/store/claim-of-address.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import { signInRefusal } from '../sign-in/sign-in-outcomes.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';
import { AddressThrottle } from '../one-time-tokens/address-throttle.js';
import { MagicLinkCodes } from './magic-link-codes.js';

/** Creates sign-in links; Mail sends them after commit. */
@Injectable()
export class MagicLinkLinks {
  private readonly ttl: number;

  constructor(
    @InjectSettings() settings: Settings,
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly throttle: AddressThrottle,
    private readonly events: AuthEvents,
    private readonly codes: MagicLinkCodes,
  ) {
    this.ttl = settings.MAGIC_LINK_TTL;
  }

  async isOwned(email: string): Promise<boolean> {
    return this.transactions.run(async (tx) => (await this.users.ownerOf(tx, email)) !== null);
  }

  /**
   * For the owner of the address, if they may sign in; otherwise for a separate registration. At most one mail a minute.
   * @param binding of the asker, whose code the link then has, whether this request mails it or an earlier one did
   * @throws RefusedByHandler
   */
  async sendIfDue(email: string, context: RequestContext, binding?: string): Promise<void> {
    await this.transactions.run(async (tx) => {
      // Concurrent requests create one registration.
      await lock(tx, `address:${addressKey(email)}`);
      const found = await this.users.ownerOf(tx, email);
      // In the common lock order: the user, then allowances and links.
      const owner = found && (await this.users.lockForUpdate(tx, found.id));
      const reason = owner ? signInRefusal(owner) : undefined;
      if (owner && reason !== undefined) {
        await this.refuse(tx, email, { userId: owner.id, reason }, context);
        return;
      }
      const id = owner?.id ?? (await this.ownClaim(tx, email)) ?? (await this.register(tx, email, context));
      await this.users.lockForUpdate(tx, id);
      if (await this.throttle.take(tx, { mail: 'magic-link', email, subject: id }, context)) {
        const expiresAt = await this.tokens.issue(tx, id, 'magic-link', this.ttl, context);
        await this.users.change(tx, id, (state) => requestMagicLink(state, expiresAt), context);
      }
      if (binding !== undefined) await this.codes.bind(tx, id, binding, context);
    });
  }

  /** Mails them the reason and what they can do. */
  private async refuse(
    tx: Transaction,
    email: string,
    refused: { readonly userId: string; readonly reason: string },
    context: RequestContext,
  ): Promise<void> {
    if (!(await this.throttle.take(tx, { mail: 'magic-link', email, subject: refused.userId }, context))) return;
    await this.events.record(tx, { type: 'link.refused', method: 'magic-link', ...refused, context });
  }

  /**
   * A registration without a password and without an identity at a provider: one that has either may be a stranger's, and a sign-in
   * link must not activate it.
   */
  private async ownClaim(tx: Transaction, email: string): Promise<string | undefined> {
    const [claim] = await tx.query<{ id: string }[]>(
      `SELECT id FROM users WHERE ${isClaimOf('$1')}
         AND NOT EXISTS (SELECT 1 FROM password_credentials WHERE user_id = users.id)
         AND NOT EXISTS (SELECT 1 FROM identities WHERE user_id = users.id)
       ORDER BY id DESC LIMIT 1`,
      [addressKey(email)],
    );
    return claim?.id;
  }

  private async register(tx: Transaction, email: string, context: RequestContext): Promise<string> {
    const { id } = await this.users.create(tx, { email, role: 'AUTHENTICATED', how: 'registration' }, context);
    return id;
  }
}
