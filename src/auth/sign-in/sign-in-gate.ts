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
 * The only way to a session. A sign-in method lets an attempt `enter`, checks its proof, and then has it admitted as the proven
 * user, or refused.
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
   * Before the proof is checked: rate limits, account, lockouts and device.
   * @param check throws if the proof could not be checked now; called before anything is looked up
   * @throws TooManyRequests; the errors of `check`
   */
  async enter(attempt: SignInAttempt, check?: () => void): Promise<EnteredAttempt> {
    return this.attempts.enter(attempt, check);
  }

  /**
   * Starts a session for a user with a valid proof.
   * @param stillHolds called with the user's row locked, since the proof was checked earlier: a password replaced since then must
   * not start a session that the replacement would have ended
   * @throws InvalidCredentials if the user is locked out, or may not (or no longer) sign in
   */
  async admit(attempt: EnteredAttempt, userId: string, stillHolds?: StillHolds): Promise<SignedInResponse> {
    const { amr, context, browser } = attempt;
    const { source, answer } = await this.let(attempt, userId, stillHolds, async (tx, user) => {
      const kind = browser ? 'BROWSER' : 'API';
      if (browser) await this.sessions.endPrevious(tx, browser, context);
      const { source, tokens } = await this.sessions.start(tx, user, context, { kind, amr });
      const shown = await this.outcomes.succeeded(tx, attempt, user, source.id);
      const deviceToken = this.attempts.renewDevice(attempt, userId);
      return { source, answer: { ...tokens, deviceToken, user: UserResponse.from(shown, this.clock.now(), shown) } };
    });
    browser?.send(source);
    return answer;
  }

  /** As `admit`, without a session. @throws InvalidCredentials */
  async confirm(attempt: EnteredAttempt, userId: string): Promise<void> {
    await this.let(attempt, userId, undefined, () => Promise.resolve());
  }

  /**
   * Counts and records a failure.
   * @param reason `email-not-verified` for the correct password of a registration, which is disclosed unless locked
   * @param userId whom the proof named, if there was no identifier
   * @returns the only error that the caller may see, to be thrown
   */
  async refuse(
    attempt: EnteredAttempt,
    reason: RefusalReason,
    userId?: string,
  ): Promise<InvalidCredentials | EmailNotVerified> {
    const told = await this.outcomes.failed(attempt, reason, userId);
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
