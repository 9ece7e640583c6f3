import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import { proveByMagicLink } from '../../users/aggregate/decide-credentials.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { EmailTaken } from '../../users/aggregate/user-errors.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens, TokenExpiredOrUsed } from '../one-time-tokens/one-time-tokens.js';
import type { TokenDetails } from '../one-time-tokens/token-rows.js';
import { ClaimPasswords } from '../passwords/claim-passwords.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { Passwords } from '../passwords/passwords.js';
import type { SignInAttempt } from '../sign-in/sign-in-attempt.js';
import { SignInGate } from '../sign-in/sign-in-gate.js';
import type { SignedInResponse } from '../sessions/signed-in.response.js';

/** The proven user, the address, and when the password was last set. */
interface UsedMagicLink {
  readonly userId: string;
  readonly email: string;
  readonly changedAt: Date | undefined;
}

/** Signs in with a mailed link; for an unknown address, this also confirms it. */
@Injectable()
export class MagicLinkService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly passwords: Passwords,
    private readonly newPasswords: NewPasswords,
    private readonly claimPasswords: ClaimPasswords,
    private readonly gate: SignInGate,
  ) {}

  /** Returns the address of a valid link without using it. @throws TokenExpiredOrUsed */
  async findLink(token: string): Promise<TokenDetails & { readonly email: string }> {
    return this.transactions.run((tx) => this.peek(tx, token));
  }

  /**
   * @throws TokenExpiredOrUsed; InvalidCredentials if the user may not sign in; TooManyRequests;
   *   RefusedByHandler
   */
  async signIn(token: string, from: Omit<SignInAttempt, 'method' | 'amr' | 'identifier'>): Promise<SignedInResponse> {
    // A mailed link is a one-time password that nobody types.
    const attempt = await this.gate.enter({ ...from, method: 'magic-link', amr: ['otp'], isByMail: true });
    let used: UsedMagicLink;
    try {
      used = await this.transactions.run((tx) => this.use(tx, token, from.context));
    } catch (error) {
      if (error instanceof TokenExpiredOrUsed) await this.gate.refuse(attempt, 'expired-or-used-link');
      throw error;
    }
    return this.gate.admit(attempt, used.userId, (tx) => this.stillHolds(tx, used));
  }

  /** A new password or address revokes links, including one that was just used. */
  private async stillHolds(tx: Transaction, { userId, email, changedAt }: UsedMagicLink): Promise<boolean> {
    const user = await this.users.find(tx, userId);
    return user?.email === email && (await this.passwords.isStillOf(tx, userId, changedAt));
  }

  private async use(tx: Transaction, token: string, context: RequestContext): Promise<UsedMagicLink> {
    const { userId, email } = await this.peek(tx, token);
    // Serialises with concurrent confirmations of this address.
    await lock(tx, `address:${addressKey(email)}`);
    const user = await this.users.lockForUpdate(tx, userId);
    await this.tokens.consume(tx, token, 'magic-link');
    if (user?.pending === true) await this.claimPasswords.keepProved(tx, userId, addressKey(email), false);
    const hadPassword = user?.emailVerified === false && (await this.newPasswords.forgetAll(tx, userId, context));
    try {
      await this.users.change(tx, userId, (state) => proveByMagicLink(state, hadPassword), context);
    } catch (error) {
      if (error instanceof EmailTaken) throw new TokenExpiredOrUsed();
      throw error;
    }
    return { userId, email, changedAt: await this.passwords.changedAt(tx, userId) };
  }

  private async peek(tx: Transaction, token: string): Promise<TokenDetails & { readonly email: string }> {
    const details = await this.tokens.peek(tx, token, 'magic-link');
    const user = await this.users.find(tx, details.userId);
    if (!user?.email || user.deletedAt !== null) throw new TokenExpiredOrUsed();
    return { ...details, email: user.email };
  }
}
