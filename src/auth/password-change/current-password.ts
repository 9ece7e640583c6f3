import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { DomainError, type FieldError } from '../../problems/domain-error.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { Lockouts } from '../lockout/lockouts.js';
import { Passwords } from '../passwords/passwords.js';
import { RateLimits } from '../rate-limits/rate-limits.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';

/** Also said to somebody who has none, or whose session is locked: a link to choose one is mailed on request. */
export class WrongCurrentPassword extends DomainError {
  readonly code = 'wrong-current-password';
  override readonly errors: readonly FieldError[] = [{ path: 'currentPassword', message: 'is wrong' }];
  constructor() {
    super('The current password is wrong. POST /auth/request-password-reset mails a link to choose a new one.');
  }
}

/** That somebody knew their password a moment ago. */
export interface PasswordProof {
  readonly userId: string;
  readonly changedAt: Date | undefined;
}

/** Asks who is signed in for their password too, before what could take the account from its owner (OWASP ASVS 5.0 V7.5.1). */
@Injectable()
export class CurrentPassword {
  constructor(
    private readonly passwords: Passwords,
    private readonly transactions: Transactions,
    private readonly lockouts: Lockouts,
    private readonly limits: RateLimits,
    private readonly events: AuthEvents,
  ) {}

  /**
   * As strict as a sign-in, but limited and counted for the session: strangers who try passwords elsewhere do not keep the owner
   * from it, and whoever tries them here shuts nobody out. Takes the time of a hash: call it before the transaction that relies on it.
   * @param sessionId absent where a mailed link takes its place. It has a count of its own, so guesses elsewhere keep nobody from it; wrong
   *   ones beside it count for the account too
   * @throws WrongCurrentPassword, also while the session is locked; TooManyRequests, HashingOverloaded
   */
  async prove(user: UserEntity, password: string, context: RequestContext, sessionId?: string): Promise<PasswordProof> {
    const isByLink = sessionId === undefined;
    const subject = isByLink ? this.lockouts.ofLink(user.id) : this.lockouts.ofSession(sessionId, user.id);
    await this.limits.consume('sign-in-by-account', subject.key);
    const [stored] = await this.passwords.stored([user.id]);
    const isRight = await this.passwords.verify(password, stored?.hash, { account: user.id, lane: 'known' });
    // Looked at only now: of many guesses at once, a right one comes too late once there is a lock.
    const isProved = await this.transactions.run(async (tx) => {
      if (isRight) return this.lockouts.succeed(tx, subject);
      // Who guesses beside a link need not be who asked for it: that counts like a sign-in, whose owner is told of the lock.
      await this.lockouts.fail(tx, isByLink ? [subject, this.lockouts.ofUser(user.id)] : [subject], context);
      return false;
    });
    if (!isProved) {
      const reason = isRight ? 'locked' : 'wrong-proof';
      const event = { type: 'login.failed', method: 'current-password', userId: user.id, reason, context } as const;
      await this.events.record(undefined, event);
      throw new WrongCurrentPassword();
    }
    return { userId: user.id, changedAt: stored?.changedAt };
  }

  /** Another password may have been chosen since: by the owner, against whoever knew the old one. @throws WrongCurrentPassword */
  async check(tx: Transaction, { userId, changedAt }: PasswordProof): Promise<void> {
    if (!(await this.passwords.isStillOf(tx, userId, changedAt))) throw new WrongCurrentPassword();
  }
}
