import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { Lockouts } from '../lockout/lockouts.js';
import { UnlockService } from '../unlock/unlock.service.js';
import type { NewAuthEvent } from '../sign-in-evidence/auth-event.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';
import type { EnteredAttempt, RefusalReason } from './sign-in-attempt.js';
import { SignInAttempts } from './sign-in-attempts.js';

/** Rolls back a sign-in that turned out to be inadmissible. */
export class Refused extends Error {
  constructor(readonly reason: RefusalReason) {
    super(reason);
  }
}

/** Outcomes of attempts: admission, failure counts and evidence. */
@Injectable()
export class SignInOutcomes {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly attempts: SignInAttempts,
    private readonly lockouts: Lockouts,
    private readonly unlocking: UnlockService,
    private readonly events: AuthEvents,
  ) {}

  /**
   * The user inside the transaction, locked until its end, with the failure count reset. Conditions may have changed since the
   * proof was checked: of many concurrent guesses, a right one comes too late once there is a lockout, and ending all sessions
   * happens either before this sign-in or after.
   * @throws Refused
   */
  async admissible(tx: Transaction, attempt: EnteredAttempt, userId: string): Promise<UserEntity> {
    // The count first and then the user, in the lock order of a failure.
    const isFree = await this.beginAnew(tx, attempt, userId);
    const user = await this.users.lockForUpdate(tx, userId);
    const reason = user ? signInRefusal(user) : 'wrong-proof';
    if (!user || reason !== undefined) throw new Refused(reason ?? 'wrong-proof');
    if (!isFree) throw new Refused('locked');
    return user;
  }

  /** @returns false if locked, and the proof does not end a lockout */
  private async beginAnew(tx: Transaction, attempt: EnteredAttempt, userId: string): Promise<boolean> {
    if (attempt.isUnguessable === true) return true;
    if (attempt.isByMail !== true) return this.lockouts.succeed(tx, this.attempts.subjectOf(attempt, userId));
    await this.unlocking.bySignInLink(tx, userId, attempt.context);
    return true;
  }

  /** Evidence of a success, which is recorded with the session. */
  evidenceOf(attempt: EnteredAttempt, user: UserEntity): NewAuthEvent {
    const { method, secondFactor, context } = attempt;
    const isNewDevice = user.lastLoginAt !== null && this.attempts.subjectOf(attempt, user.id).kind !== 'device';
    return { type: 'login.succeeded', userId: user.id, method, secondFactor, isNewDevice, context };
  }

  /**
   * Counts a failure and records it.
   * @param userId the user identified by the proof, if there was no identifier
   * @returns the reason: with a lockout, the correct password of a registration counts as wrong
   */
  async failed(attempt: EnteredAttempt, given: RefusalReason, userId?: string): Promise<RefusalReason> {
    const { owner, claim, subject, claimSubject, isLocked, method, context } = attempt;
    const about = userId ?? owner?.id ?? claim?.id ?? null;
    return this.transactions.run(async (tx) => {
      // Of many concurrent guesses, a right one comes too late then.
      const isOfClaim = given === 'email-not-verified' && claimSubject !== undefined;
      const [isTooLate = false] = isOfClaim ? await this.lockouts.areLocked(tx, [claimSubject]) : [];
      const reason = isTooLate ? 'wrong-proof' : given;
      const counted = reason === 'email-not-verified' ? [subject] : [subject, claimSubject];
      await this.lockouts.fail(
        tx,
        counted.filter((one) => one !== undefined),
        context,
      );
      const why = isLocked ? 'locked' : reason;
      await this.events.record(tx, { type: 'login.failed', userId: about, method, reason: why, context });
      return reason;
    });
  }
}

/** Why the user may not sign in, regardless of lockouts; undefined if they may. */
export function signInRefusal(user: UserEntity): RefusalReason | undefined {
  if (user.deletedAt !== null) return 'deleted';
  if (user.suspendedAt !== null) return 'suspended';
  return user.pending ? 'email-not-verified' : undefined;
}

/** Whether the user may sign in, regardless of lockouts. */
export function maySignIn(user: UserEntity): boolean {
  return signInRefusal(user) === undefined;
}
