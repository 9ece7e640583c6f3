import { Inject, Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import { ForgottenFactors } from '../second-factors/forgotten-factors.js';
import { Sessions } from '../sessions/sessions.js';
import type { HashLane } from './hash-pool/hash-request.js';
import { Passwords } from './passwords.js';

type PasswordOwner = Pick<UserEntity, 'id' | 'email' | 'username' | 'firstName' | 'lastName' | 'nickname'>;

/** Steps common to every password change, whatever proof authorised it. */
@Injectable()
export class NewPasswords {
  constructor(
    private readonly passwords: Passwords,
    private readonly sessions: Sessions,
    private readonly tokens: OneTimeTokens,
    @Inject(ForgottenFactors) private readonly factors: Pick<ForgottenFactors, 'forgetAll'>,
  ) {}

  /**
   * Takes the time of a hash: call it outside any transaction.
   * @param lane `known` for signed-in callers
   * @returns the hash
   * @throws WeakPassword with the reason; HashingOverloaded
   */
  async accept(newPassword: string, user: PasswordOwner, lane: HashLane): Promise<string> {
    const { id, email, username, firstName, lastName, nickname } = user;
    const names = [username, firstName, lastName, nickname];
    return this.passwords.accept(newPassword, { email, names, field: 'newPassword' }, { account: id, lane });
  }

  /**
   * Ends the sessions first, and every link that was mailed before.
   * @param except the session that continues: the one that made the change
   * @returns whether there was none before
   */
  async replace(
    tx: Transaction,
    userId: string,
    hash: string,
    why: 'password-changed' | 'password-reset',
    context: RequestContext,
    except?: string,
  ): Promise<boolean> {
    const before = await this.passwords.storedHash(tx, userId);
    await this.sessions.endAll(tx, userId, why, except, context);
    await this.tokens.revokeAll(tx, userId);
    await this.passwords.set(tx, userId, hash, context);
    return before === undefined;
  }

  /**
   * As `replace`, when the address of an account is confirmed for the first time: its second factors may be somebody else's, too,
   * such as those of the manager who created it.
   */
  async replaceAll(tx: Transaction, userId: string, hash: string, context: RequestContext): Promise<boolean> {
    await this.factors.forgetAll(tx, userId, context);
    return this.replace(tx, userId, hash, 'password-reset', context);
  }

  /**
   * As `replaceAll`, without a new password.
   * @returns whether there was a password
   */
  async forgetAll(tx: Transaction, userId: string, context: RequestContext): Promise<boolean> {
    const before = await this.passwords.storedHash(tx, userId);
    await this.sessions.endAll(tx, userId, 'address-proved', undefined, context);
    // Its page says that the address is confirmed already, and how to set a password.
    await this.tokens.revoke(tx, userId, 'invitation', '', 'confirmed');
    await this.tokens.revokeAll(tx, userId);
    await this.passwords.remove(tx, userId);
    await this.factors.forgetAll(tx, userId, context);
    return before !== undefined;
  }
}
