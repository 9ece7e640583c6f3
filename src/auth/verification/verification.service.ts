import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import { addressKey } from '../../users/identifiers.js';
import { verifyEmail } from '../../users/decide.js';
import { EmailTaken } from '../../users/user-errors.js';
import { Users } from '../../users/users.js';
import { rethrowAlreadyConfirmed } from '../one-time-tokens/token-expired-or-used.js';
import { OneTimeTokens, type TokenDetails, TokenExpiredOrUsed } from '../one-time-tokens/one-time-tokens.js';

/** Confirms addresses: the link of a registration activates that registration, and every other claim dies with it. */
@Injectable()
export class VerificationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: Users,
    private readonly tokens: OneTimeTokens,
  ) {}

  /** Says whether a link is still good, and for which address; uses nothing. @throws TokenExpiredOrUsed */
  async look(token: string): Promise<TokenDetails & { readonly email: string }> {
    return this.transactions.run(async (tx) => {
      const details = await this.tokens.peek(tx, token, 'verify-email');
      return { ...details, email: await this.claimedAddress(tx, details.userId) };
    });
  }

  /** @returns whom the link was for @throws TokenExpiredOrUsed, AlreadyConfirmed; RefusedByHandler */
  async confirm(token: string, context: RequestContext): Promise<TokenDetails> {
    return this.transactions.run((tx) => this.use(tx, token, context)).catch(rethrowAlreadyConfirmed);
  }

  private async use(tx: Transaction, token: string, context: RequestContext): Promise<TokenDetails> {
    const details = await this.tokens.peek(tx, token, 'verify-email');
    const { userId } = details;
    const email = await this.claimedAddress(tx, userId);
    // Two links for one address, opened at once, meet here and not in each other's rows.
    await lock(tx, `address:${addressKey(email)}`);
    await this.tokens.consume(tx, token, 'verify-email');
    try {
      await this.users.change(tx, userId, verifyEmail, context);
    } catch (error) {
      if (error instanceof EmailTaken) throw new TokenExpiredOrUsed();
      throw error;
    }
    await this.users.dropOtherClaims(tx, email, context);
    return details;
  }

  private async claimedAddress(tx: Transaction, userId: string): Promise<string> {
    const email = (await this.users.find(tx, userId))?.email;
    if (!email) throw new TokenExpiredOrUsed();
    return email;
  }
}
