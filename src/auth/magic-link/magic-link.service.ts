import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import { DomainError } from '../../problems/domain-error.js';
import { proveByMagicLink } from '../../users/aggregate/decide-credentials.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { EmailTaken } from '../../users/aggregate/user-errors.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens, TokenExpiredOrUsed } from '../one-time-tokens/one-time-tokens.js';
import type { TokenDetails } from '../one-time-tokens/token-rows.js';
import { ClaimPasswords } from '../passwords/claim-passwords.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { Passwords } from '../passwords/passwords.js';
import { isLinkOf } from '../sign-in/credentials.js';
import type { EnteredAttempt, SignInAttempt } from '../sign-in/sign-in-attempt.js';
import { SignInGate } from '../sign-in/sign-in-gate.js';
import type { SignedInResponse } from '../sessions/signed-in.response.js';
import { MagicLinkCodes, type WaitingAsker } from './magic-link-codes.js';

/** A valid link, and the browsers and apps that asked for it. */
export interface FoundMagicLink extends TokenDetails {
  readonly email: string;
  readonly waiting: readonly WaitingAsker[];
}

/** The proven user, the address, and when the password was last set. */
interface UsedMagicLink {
  readonly userId: string;
  readonly email: string;
  readonly changedAt: Date | undefined;
}

type From = Omit<SignInAttempt, 'method' | 'amr' | 'identifier'>;

/** The code is wrong, or not of this browser or app, or its link has ended: which of these is not disclosed. */
export class InvalidCode extends DomainError {
  readonly code = 'invalid-code';
  constructor() {
    super(
      'This code is not valid here. Check it, and enter it where the link was requested. After five wrong codes, or once the link was used or has expired, request a new link.',
    );
  }
}

/** Signs in with a mailed link or its code; for an unknown address, this also confirms it. */
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
    private readonly codes: MagicLinkCodes,
  ) {}

  /**
   * Returns the address of a valid link, and who waits for its code, without using it.
   * @param here the binding of the browser that presents it, if any
   * @throws TokenExpiredOrUsed
   */
  async findLink(token: string, here?: Buffer): Promise<FoundMagicLink> {
    return this.transactions.run(async (tx) => {
      const found = await this.peek(tx, token);
      return { ...found, waiting: await this.codes.waitingFor(tx, found.id, here) };
    });
  }

  /**
   * @throws TokenExpiredOrUsed; InvalidCredentials if the user may not sign in; TooManyRequests;
   *   RefusedByHandler
   */
  async signIn(token: string, from: From): Promise<SignedInResponse> {
    const attempt = await this.enter(from);
    return this.admit(attempt, async (tx) => {
      const { userId, email } = await this.peek(tx, token);
      return this.use(tx, { userId, email }, () => this.tokens.consume(tx, token, 'magic-link'), from.context);
    });
  }

  /**
   * Uses the link by the short code that its page shows, where it was requested.
   * @param binding of the browser or app that asks; undefined if it keeps nothing
   * @throws InvalidCode; InvalidCredentials if the user may not sign in; TooManyRequests; RefusedByHandler
   */
  async signInByCode(code: string, binding: Buffer | undefined, from: From): Promise<SignedInResponse> {
    const attempt = await this.enter(from);
    const { userId: askedFor, right } = await this.codes.redeem(binding, code);
    if (!right) {
      await this.gate.refuse(attempt, 'wrong-proof', askedFor);
      throw new InvalidCode();
    }
    const { userId, tokenId } = right;
    try {
      return await this.admit(attempt, async (tx) => {
        const email = await this.emailOf(tx, userId);
        return this.use(tx, { userId, email }, () => this.tokens.consumeById(tx, tokenId), from.context);
      });
    } catch (error) {
      // As a wrong code: the link was used meanwhile.
      throw error instanceof TokenExpiredOrUsed ? new InvalidCode() : error;
    }
  }

  /** A mailed link is a one-time password, typed or not. */
  private async enter(from: From): Promise<EnteredAttempt> {
    return this.gate.enter({ ...from, method: 'magic-link', amr: ['otp'], isByMail: true });
  }

  private async admit(
    attempt: EnteredAttempt,
    use: (tx: Transaction) => Promise<UsedMagicLink>,
  ): Promise<SignedInResponse> {
    let used: UsedMagicLink;
    try {
      used = await this.transactions.run(use);
    } catch (error) {
      if (error instanceof TokenExpiredOrUsed) await this.gate.refuse(attempt, 'expired-or-used-link');
      throw error;
    }
    return this.gate.admit(attempt, used.userId, (_tx, user, credentials) => isLinkOf(user, credentials, used));
  }

  private async use(
    tx: Transaction,
    { userId, email }: Pick<UsedMagicLink, 'userId' | 'email'>,
    consume: () => Promise<unknown>,
    context: RequestContext,
  ): Promise<UsedMagicLink> {
    // Serialises with concurrent confirmations of this address.
    await lock(tx, `address:${addressKey(email)}`);
    const user = await this.users.lockForUpdate(tx, userId);
    await consume();
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
    return { ...details, email: await this.emailOf(tx, details.userId) };
  }

  private async emailOf(tx: Transaction, userId: string): Promise<string> {
    const user = await this.users.find(tx, userId);
    if (!user?.email || user.deletedAt !== null) throw new TokenExpiredOrUsed();
    return user.email;
  }
}
