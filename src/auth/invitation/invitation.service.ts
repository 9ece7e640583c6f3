import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { verifyEmail } from '../../users/aggregate/decide.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens, TokenExpiredOrUsed } from '../one-time-tokens/one-time-tokens.js';
import type { TokenDetails } from '../one-time-tokens/token-rows.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { Passwords } from '../passwords/passwords.js';

/** An invited user sets a password; opening the mailed link confirms the address. */
@Injectable()
export class InvitationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly passwords: Passwords,
    private readonly newPasswords: NewPasswords,
  ) {}

  /** Returns the address of a valid link without using it. @throws TokenExpiredOrUsed */
  async findLink(token: string): Promise<TokenDetails & { readonly email: string | null }> {
    return this.transactions.run(async (tx) => {
      const details = await this.tokens.peek(tx, token, 'invitation');
      return { ...details, email: (await this.invited(tx, details)).email };
    });
  }

  /**
   * @returns the user of the link
   * @throws TokenExpiredOrUsed; WeakPassword, after which the link stays valid; RefusedByHandler; HashingOverloaded
   */
  async accept(
    token: string,
    newPassword: string,
    context: RequestContext,
  ): Promise<TokenDetails & { readonly email: string | null }> {
    const { id, email, username, firstName, lastName, nickname } = await this.transactions.run(async (tx) =>
      this.invited(tx, await this.tokens.peek(tx, token, 'invitation')),
    );
    const names = [username, firstName, lastName, nickname];
    const hash = await this.passwords.accept(newPassword, { email, names, field: 'newPassword' }, { account: id });
    return this.transactions.run(async (tx) => {
      await this.users.lockForUpdate(tx, id);
      const details = await this.tokens.consume(tx, token, 'invitation');
      await this.invited(tx, details);
      await this.users.change(tx, id, verifyEmail, context);
      // Earlier sessions and links may belong to somebody who had temporary access to the mailbox.
      await this.newPasswords.replaceAll(tx, id, hash, context);
      return { ...details, email };
    });
  }

  private async invited(tx: Transaction, { userId }: TokenDetails): Promise<UserEntity> {
    const user = await this.users.find(tx, userId);
    if (!user || user.deletedAt !== null) throw new TokenExpiredOrUsed();
    if (user.suspendedAt !== null || user.emailVerified) {
      const account = user.suspendedAt === null ? 'open' : 'suspended';
      throw new TokenExpiredOrUsed({ purpose: 'invitation', how: 'confirmed', account, locale: user.locale });
    }
    return user;
  }
}
