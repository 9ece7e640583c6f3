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

/** Somebody who forgot their password chooses another one by a mailed link (OWASP Forgot Password Cheat Sheet). */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly passwords: NewPasswords,
    private readonly unlocking: UnlockService,
  ) {}

  /** Says whether a link is still good, and for which address; uses nothing. @throws TokenExpiredOrUsed */
  async findLink(token: string): Promise<UsedLink & { readonly email: string | null }> {
    return this.transactions.run(async (tx) => {
      const details = await this.tokens.peek(tx, token, 'reset-password');
      const { email, suspendedAt } = await this.owner(tx, details);
      return { ...details, email, isSuspended: suspendedAt !== null };
    });
  }

  /**
   * Ends every session and every other link, and a lockout; never a suspension, which is a person's act.
   * @returns whom the link was for
   * @throws TokenExpiredOrUsed; WeakPassword, after which the link is still good; RefusedByHandler; Busy
   */
  async reset(token: string, newPassword: string, context: RequestContext): Promise<UsedLink> {
    const user = await this.transactions.run(async (tx) =>
      this.owner(tx, await this.tokens.peek(tx, token, 'reset-password')),
    );
    const hash = await this.passwords.accept(newPassword, user, 'other');
    return this.transactions.run(async (tx) => {
      // The count first and then the user, in the order in which a sign-in locks them.
      await this.unlocking.byPasswordReset(tx, user.id, context);
      const { id } = await this.owner(tx, { userId: user.id });
      const details = await this.tokens.consume(tx, token, 'reset-password');
      const isFirst = await this.passwords.replace(tx, id, hash, 'password-reset', context);
      const { suspendedAt } = await this.users.change(
        tx,
        id,
        (state) => completePasswordReset(state, isFirst),
        context,
      );
      return { ...details, isSuspended: suspendedAt !== null };
    });
  }

  /** The user first and then its tokens: the order in which everybody locks them. */
  private async owner(tx: Transaction, { userId }: Pick<TokenDetails, 'userId'>): Promise<UserEntity> {
    const user = await this.users.lockForUpdate(tx, userId);
    if (!user || user.deletedAt !== null) throw new TokenExpiredOrUsed();
    return user;
  }
}
