import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { completePasswordReset } from '../../users/aggregate/decide-credentials.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { UnlockService } from '../unlock/unlock.service.js';
import { OneTimeTokens, TokenExpiredOrUsed } from '../one-time-tokens/one-time-tokens.js';
import type { TokenDetails, UsedLink } from '../one-time-tokens/token-rows.js';
import { NewPasswords } from '../passwords/new-passwords.js';

/** Resets a forgotten password through a mailed link (OWASP Forgot Password Cheat Sheet). */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly passwords: NewPasswords,
    private readonly unlocking: UnlockService,
  ) {}

  /** Returns the address of a valid link without using it. @throws TokenExpiredOrUsed */
  async findLink(token: string): Promise<UsedLink & { readonly email: string | null }> {
    return this.transactions.run(async (tx) => {
      const details = await this.tokens.peek(tx, token, 'reset-password');
      const { email, suspendedAt } = await this.owner(tx, details);
      return { ...details, email, isSuspended: suspendedAt !== null };
    });
  }

  /**
   * Ends every session, every other link and a lockout; never a suspension, which only staff can lift.
   * @returns the user of the link
   * @throws TokenExpiredOrUsed; WeakPassword, after which the link stays valid; RefusedByHandler; HashingOverloaded
   */
  async reset(
    token: string,
    newPassword: string,
    context: RequestContext,
  ): Promise<UsedLink & { readonly email: string | null }> {
    const user = await this.transactions.run(async (tx) =>
      this.owner(tx, await this.tokens.peek(tx, token, 'reset-password')),
    );
    const hash = await this.passwords.accept(newPassword, user, 'other');
    return this.transactions.run(async (tx) => {
      // The count first and then the user, in the lock order of a sign-in.
      await this.unlocking.byPasswordReset(tx, user.id, context);
      const { id, emailVerified } = await this.owner(tx, { userId: user.id });
      const details = await this.tokens.consume(tx, token, 'reset-password');
      const isFirst = emailVerified
        ? await this.passwords.replace(tx, id, hash, 'password-reset', context)
        : await this.passwords.replaceAll(tx, id, hash, context);
      const { suspendedAt, email } = await this.users.change(
        tx,
        id,
        (state) => completePasswordReset(state, isFirst),
        context,
      );
      return { ...details, email, isSuspended: suspendedAt !== null };
    });
  }

  /** In the common lock order: the user, then its tokens. */
  private async owner(tx: Transaction, { userId }: Pick<TokenDetails, 'userId'>): Promise<UserEntity> {
    const user = await this.users.lockForUpdate(tx, userId);
    if (!user || user.deletedAt !== null) throw new TokenExpiredOrUsed();
    return user;
  }
}
