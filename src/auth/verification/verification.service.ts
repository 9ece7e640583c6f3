import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import { addressKey } from '../../users/identifiers.js';
import { verifyEmail } from '../../users/decide.js';
import { EmailTaken } from '../../users/user-errors.js';
import { Users } from '../../users/users.js';
import { OneTimeTokens, type TokenDetails, TokenExpiredOrUsed } from '../one-time-tokens/one-time-tokens.js';
import { VerificationLinks } from './verification-links.js';

const RESEND_JOB = 'auth.resend-verification';

interface ResendPayload {
  readonly email: string;
  readonly context: RequestContext;
}

/** Confirms addresses: the link of a registration activates that registration, and every other claim dies with it. */
@Injectable()
export class VerificationService implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: Users,
    private readonly tokens: OneTimeTokens,
    private readonly links: VerificationLinks,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handle<ResendPayload>(RESEND_JOB, ({ email, context }) => this.resendNow(email, context));
  }

  /** Says whether a link is still good, and for which address; uses nothing. @throws TokenExpiredOrUsed */
  async look(token: string): Promise<TokenDetails & { readonly email: string }> {
    return this.transactions.run(async (tx) => {
      const details = await this.tokens.peek(tx, token, 'verify-email');
      return { ...details, email: await this.claimedAddress(tx, details.userId) };
    });
  }

  /** @throws TokenExpiredOrUsed; RefusedByHandler */
  async confirm(token: string, context: RequestContext): Promise<void> {
    await this.transactions.run(async (tx) => {
      const { userId } = await this.tokens.peek(tx, token, 'verify-email');
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
    });
  }

  /** Returns before anything was looked up, so the time it takes says nothing about the address. */
  async resend(email: string, context: RequestContext): Promise<void> {
    const payload: ResendPayload = { email, context };
    await this.transactions.run((tx) => this.jobs.add(tx, RESEND_JOB, payload, { maxAttempts: 5 }));
  }

  private async resendNow(email: string, context: RequestContext): Promise<void> {
    await this.transactions.run(async (tx) => {
      const claim = await this.users.newestClaim(tx, email);
      if (claim) await this.links.sendIfDue(tx, claim, context);
    });
  }

  private async claimedAddress(tx: Transaction, userId: string): Promise<string> {
    const email = (await this.users.find(tx, userId))?.email;
    if (!email) throw new TokenExpiredOrUsed();
    return email;
  }
}
