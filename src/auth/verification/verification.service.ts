import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import { verifyEmail } from '../../users/aggregate/decide.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { EmailTaken } from '../../users/aggregate/user-errors.js';
import { UserStore } from '../../users/store/user-store.js';
import { Identities } from '../identities/identities.js';
import { NewPasswordRequired } from '../one-time-tokens/new-password-required.js';
import { OneTimeTokens, TokenExpiredOrUsed } from '../one-time-tokens/one-time-tokens.js';
import type { TokenDetails, UsedLink } from '../one-time-tokens/token-rows.js';
import { ClaimPasswords } from '../passwords/claim-passwords.js';
import { Passwords } from '../passwords/passwords.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { rethrowAlreadyConfirmed } from '../one-time-tokens/token-expired-or-used.js';
import { Claims } from './claims.js';

type Claimant = UserEntity & { readonly email: string };

/** A used link with the address that it has confirmed, and when the password of its account was set. */
export interface VerifiedLink extends UsedLink {
  readonly email: string;
  readonly changedAt: Date | undefined;
}

type IsRegistrant = (userId: string) => boolean;

/**
 * Confirms addresses: the link of a registration activates it, and from then on no other registration for the address can be
 * activated.
 */
@Injectable()
export class VerificationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly newPasswords: NewPasswords,
    private readonly passwords: Passwords,
    private readonly claims: Claims,
    private readonly claimPasswords: ClaimPasswords,
    private readonly identities: Identities,
  ) {}

  /**
   * Returns the registration of a valid link without using it, with the id of the provider by which it was made, if it was.
   * @throws TokenExpiredOrUsed
   */
  async findLink(token: string): Promise<TokenDetails & { readonly user: Claimant; readonly provider: string | null }> {
    return this.transactions.run(async (tx) => {
      const details = await this.tokens.peek(tx, token, 'verify-email');
      const user = await this.claimant(tx, details.userId);
      return { ...details, user, provider: await this.identities.firstProviderOf(tx, user.id) };
    });
  }

  /**
   * @param newPassword replaces the registered password
   * @param isRegistrant whether the caller is known to have made the registration of this user. An identity of a provider in one that
   * somebody else made may be a stranger's, and takes a new password, which ends it
   * @returns the user of the link
   * @throws NewPasswordRequired, WeakPassword, after which the link stays valid; TokenExpiredOrUsed,
   *   AlreadyConfirmed; RefusedByHandler; HashingOverloaded
   */
  async confirm(
    token: string,
    newPassword: string | null,
    context: RequestContext,
    isRegistrant: IsRegistrant,
  ): Promise<VerifiedLink> {
    return this.use(token, newPassword, context, isRegistrant).catch(rethrowAlreadyConfirmed);
  }

  private async use(
    token: string,
    newPassword: string | null,
    context: RequestContext,
    isRegistrant: IsRegistrant,
  ): Promise<VerifiedLink> {
    const hash = await this.hashOf(token, newPassword);
    return this.transactions.run(async (tx) => {
      const { userId } = await this.tokens.peek(tx, token, 'verify-email');
      const { email } = await this.claimant(tx, userId);
      // Serialises links for one address that are opened concurrently, before rows are locked.
      await lock(tx, `address:${addressKey(email)}`);
      await this.users.lockForUpdate(tx, userId);
      // A rival may have come since, which servers of the previous release do not record.
      await this.claims.noteRivals(tx, email);
      const details = await this.tokens.consume(tx, token, 'verify-email');
      if (hash === null && (details.newPasswordRequired || (await this.isStrange(tx, userId, isRegistrant)))) {
        throw new NewPasswordRequired();
      }
      let isSuspended: boolean;
      try {
        isSuspended = (await this.users.change(tx, userId, verifyEmail, context)).suspendedAt !== null;
      } catch (error) {
        if (error instanceof EmailTaken) throw new TokenExpiredOrUsed();
        throw error;
      }
      await this.claimPasswords.keepProved(tx, userId, addressKey(email), hash !== null);
      if (hash !== null) await this.newPasswords.replaceAll(tx, userId, hash, context);
      return { ...details, email, isSuspended, changedAt: await this.passwords.changedAt(tx, userId) };
    });
  }

  private async isStrange(tx: Transaction, userId: string, isRegistrant: IsRegistrant): Promise<boolean> {
    return !isRegistrant(userId) && (await this.identities.firstProviderOf(tx, userId)) !== null;
  }

  private async hashOf(token: string, newPassword: string | null): Promise<string | null> {
    const { newPasswordRequired, user } = await this.findLink(token);
    if (newPassword !== null) return this.newPasswords.accept(newPassword, user, 'other');
    if (newPasswordRequired) throw new NewPasswordRequired();
    return null;
  }

  private async claimant(tx: Transaction, userId: string): Promise<Claimant> {
    const user = await this.users.find(tx, userId);
    if (!user?.email) throw new TokenExpiredOrUsed();
    return user as Claimant;
  }
}
