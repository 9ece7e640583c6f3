import { Injectable } from '@nestjs/common';
import { Clock } from '../../config/clock.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserResponse } from '../../users/api/user.response.js';
import { Sessions } from '../sessions/sessions.js';
import type { EnteredAttempt, RefusalReason, SignInAttempt } from './sign-in-attempt.js';
import { SignInAttempts } from './sign-in-attempts.js';
import { EmailNotVerified, InvalidCredentials } from './sign-in-errors.js';
import { Refused, SignInOutcomes } from './sign-in-outcomes.js';
import type { SignedInResponse } from '../sessions/signed-in.response.js';

type StillHolds = (tx: Transaction) => Promise<boolean>;

/**
 * The one way to a session. A method of signing in lets an attempt `enter`, looks at its proof, and has it admitted as the user
 * whom it proved, or refused.
 */
@Injectable()
export class SignInGate {
  constructor(
    private readonly attempts: SignInAttempts,
    private readonly outcomes: SignInOutcomes,
    private readonly transactions: Transactions,
    private readonly sessions: Sessions,
    private readonly clock: Clock,
  ) {}

  /**
   * Before a proof is looked at: rate limits, whom it is about, locks and the device.
   * @param check whether the proof could be looked at now, before anything is looked up for it; throws when not
   * @throws TooManyRequests; whatever `check` throws
   */
  async enter(attempt: SignInAttempt, check?: () => void): Promise<EnteredAttempt> {
    return this.attempts.enter(attempt, check);
  }

  /**
   * Starts a session for a user whose proof was found good.
   * @param stillHolds asked with the user's row locked, for the proof was looked at before: a password that was replaced since
   *   must not begin a session that its replacement would have ended
   * @throws InvalidCredentials when the user is locked, or may not sign in (any more)
   */
  async admit(attempt: EnteredAttempt, userId: string, stillHolds?: StillHolds): Promise<SignedInResponse> {
    return this.let(attempt, userId, stillHolds, async (tx, user) => {
      const { sessionId, ...tokens } = await this.sessions.start(tx, user, attempt.context);
      const shown = await this.outcomes.succeeded(tx, attempt, user, sessionId);
      const deviceToken = this.attempts.renewDevice(attempt, userId);
      return { ...tokens, deviceToken, user: UserResponse.from(shown, this.clock.now(), shown) };
    });
  }

  /** As `admit`, without a session. @throws InvalidCredentials */
  async confirm(attempt: EnteredAttempt, userId: string): Promise<void> {
    await this.let(attempt, userId, undefined, () => Promise.resolve());
  }

  /**
   * Counts and records a failure.
   * @param reason `email-not-verified` for the right password of a registration, which is told so unless it is locked
   * @returns the one error that whoever attempts may see, to be thrown
   */
  async refuse(attempt: EnteredAttempt, reason: RefusalReason): Promise<InvalidCredentials | EmailNotVerified> {
    const told = await this.outcomes.failed(attempt, reason);
    return told === 'email-not-verified' ? new EmailNotVerified() : new InvalidCredentials();
  }

  private async let<T>(
    attempt: EnteredAttempt,
    userId: string,
    stillHolds: StillHolds | undefined,
    work: (tx: Transaction, user: UserEntity) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.transactions.run(async (tx) => {
        const user = await this.outcomes.admissible(tx, attempt, userId);
        if (stillHolds && !(await stillHolds(tx))) throw new Refused('wrong-proof');
        return work(tx, user);
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.outcomes.failed(attempt, error.reason, userId);
      throw new InvalidCredentials();
    }
  }
}
