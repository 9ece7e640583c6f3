import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { DomainError, type FieldError } from '../../problems/domain-error.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { Lockouts } from '../lockout/lockouts.js';
import { Passwords } from '../passwords/passwords.js';
import { RateLimits } from '../rate-limits/rate-limits.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';

/** Also for users without a password or with a locked session, who can request a link to set a new one. */
export class WrongCurrentPassword extends DomainError {
  readonly code = 'wrong-current-password';
  override readonly errors: readonly FieldError[] = [{ path: 'currentPassword', message: 'is wrong' }];
  constructor() {
    super('The current password is wrong. POST /auth/request-password-reset mails a link to choose a new one.');
  }
}

/** Proof that the user just entered the current password. */
export interface PasswordProof {
  readonly userId: string;
  readonly changedAt: Date | undefined;
}

/** Requires the current password of a signed-in user before actions that could take over the account (OWASP ASVS 5.0 V7.5.1). */
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
   * As strict as a sign-in, but limited and counted per session: guesses elsewhere do not block the owner here, and guesses here
   * lock nobody else out. Takes the time of a hash: call it before the transaction that relies on it.
   * @param sessionId absent if a mailed link replaces it. Links have their own count, so guesses elsewhere do not block them; wrong
   * passwords with a link also count against the account
   * @throws WrongCurrentPassword, also while the session is locked; TooManyRequests, HashingOverloaded
   */
  async prove(user: UserEntity, password: string, context: RequestContext, sessionId?: string): Promise<PasswordProof> {
    const isByLink = sessionId === undefined;
    const subject = isByLink ? this.lockouts.ofLink(user.id) : this.lockouts.ofSession(sessionId, user.id);
    await this.limits.consume('sign-in-by-account', subject.key);
    const [stored] = await this.passwords.stored([user.id]);
    const isRight = await this.passwords.verify(password, stored?.hash, { account: user.id, lane: 'known' });
    // Checked only now: of many concurrent guesses, a right one comes too late once there is a lockout.
    const isProved = await this.transactions.run(async (tx) => {
      if (isRight) return this.lockouts.succeed(tx, subject);
      // A guess with a link may not come from its requester, so it counts like a sign-in, and the owner is notified of a lockout.
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

  /** The password may have been changed since, by an owner who wants to lock out somebody who knew it. @throws WrongCurrentPassword */
  async check(tx: Transaction, { userId, changedAt }: PasswordProof): Promise<void> {
    if (!(await this.passwords.isStillOf(tx, userId, changedAt))) throw new WrongCurrentPassword();
  }
}
