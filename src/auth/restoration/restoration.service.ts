import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { restore } from '../../users/aggregate/decide.js';
import { Deletions } from '../../users/erasure/deletions.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens, TokenExpiredOrUsed } from '../one-time-tokens/one-time-tokens.js';
import type { TokenDetails } from '../one-time-tokens/token-rows.js';

/** The account of a restoration link. */
export interface RestorationLink extends TokenDetails {
  readonly email: string | null;
  readonly deletedAt: Date;
}

/**
 * Restores an account that its user deleted, through a mailed link, until it is erased. The account is as before, with its password
 * and suspension, but without sessions.
 */
@Injectable()
export class RestorationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly deletions: Deletions,
    private readonly tokens: OneTimeTokens,
  ) {}

  /** Returns the account of a valid link without using it. @throws TokenExpiredOrUsed */
  async findLink(token: string): Promise<RestorationLink> {
    return this.transactions.run(async (tx) => {
      const details = await this.tokens.peek(tx, token, 'restore-account');
      const { email, deletedAt } = await this.deleted(tx, details.userId);
      return { ...details, email, deletedAt };
    });
  }

  /** @returns the user of the link @throws TokenExpiredOrUsed; RefusedByHandler */
  async restore(token: string, context: RequestContext): Promise<TokenDetails> {
    return this.transactions.run(async (tx) => {
      const { userId } = await this.tokens.peek(tx, token, 'restore-account');
      await this.users.lockForUpdate(tx, userId);
      const details = await this.tokens.consume(tx, token, 'restore-account');
      await this.deleted(tx, userId);
      await this.users.change(tx, userId, restore, context);
      return details;
    });
  }

  private async deleted(tx: Transaction, userId: string): Promise<UserEntity & { readonly deletedAt: Date }> {
    const user = await this.users.find(tx, userId);
    if (!user || !(await this.deletions.mayReturn(tx, user))) throw new TokenExpiredOrUsed();
    return user as UserEntity & { readonly deletedAt: Date };
  }
}
