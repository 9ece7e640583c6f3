import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { restore } from '../../users/aggregate/decide.js';
import { Deletions } from '../../users/erasure/deletions.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens, TokenExpiredOrUsed } from '../one-time-tokens/one-time-tokens.js';
import type { TokenDetails } from '../one-time-tokens/token-rows.js';

/** What is behind a link that brings a deleted account back. */
export interface RestorationLink extends TokenDetails {
  readonly email: string | null;
  readonly deletedAt: Date;
}

/**
 * Somebody who deleted their account brings it back by a mailed link, until it is erased. It is as it was: with its password and
 * its suspension, and signed in nowhere.
 */
@Injectable()
export class RestorationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly deletions: Deletions,
    private readonly tokens: OneTimeTokens,
  ) {}

  /** Says whether a link is still good, and for which account; uses nothing. @throws TokenExpiredOrUsed */
  async findLink(token: string): Promise<RestorationLink> {
    return this.transactions.run(async (tx) => {
      const details = await this.tokens.peek(tx, token, 'restore-account');
      const { email, deletedAt } = await this.deleted(tx, details.userId);
      return { ...details, email, deletedAt };
    });
  }

  /** @returns whom the link was for @throws TokenExpiredOrUsed; RefusedByHandler */
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
