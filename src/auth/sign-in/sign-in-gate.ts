import { Injectable } from '@nestjs/common';
import { Clock } from '../../config/clock.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserResponse } from '../../users/api/user.response.js';
import { Sessions } from '../sessions/sessions.js';
import { SecondFactorRequired, SecondFactorSetupRequired } from '../second-factors/second-factor-errors.js';
import { SignInExpired } from '../second-factors/sign-in-tickets.js';
import { CredentialReader, type Credentials } from './credentials.js';
import { SecondSteps } from './second-steps.js';
import type {
  EnteredAttempt,
  RefusalReason,
  SecondStepAttempt,
  SetupAttempt,
  SignInAttempt,
} from './sign-in-attempt.js';
import { SignInAttempts } from './sign-in-attempts.js';
import { EmailNotVerified, InvalidCredentials } from './sign-in-errors.js';
import { Refused, SignInOutcomes } from './sign-in-outcomes.js';
import type { SignedInResponse } from '../sessions/signed-in.response.js';

type StillHolds = (tx: Transaction, user: UserEntity, credentials: Credentials) => Promise<boolean> | boolean;

/**
 * The only way to a session. A sign-in method lets an attempt `enter`, checks its proof, and then has it admitted as the proven
 * user, or refused.
 */
@Injectable()
export class SignInGate {
  constructor(
    private readonly attempts: SignInAttempts,
    private readonly outcomes: SignInOutcomes,
    private readonly secondSteps: SecondSteps,
    private readonly credentials: CredentialReader,
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
   * @throws InvalidCredentials if the user is locked out, or may not (or no longer) sign in; SecondFactorRequired if the user has
   * a second factor that the attempt did not prove: there is no session then, and nothing else of a sign-in has happened
   */
  async admit(attempt: EnteredAttempt, userId: string, stillHolds?: StillHolds): Promise<SignedInResponse> {
    const { source, answer } = await this.afterOneStep(attempt, userId, stillHolds, (tx, user, secondFactor) =>
      this.start(tx, { ...attempt, secondFactor }, user),
    );
    attempt.browser?.send(source);
    return answer;
  }

  /** As `admit`, without a session. @throws InvalidCredentials, SecondFactorRequired */
  async confirm(attempt: EnteredAttempt, userId: string, stillHolds: StillHolds): Promise<void> {
    await this.afterOneStep(attempt, userId, stillHolds, () => Promise.resolve());
  }

  /**
   * The second step: starts the session that the first one did not. What has changed since the first is checked again.
   * @throws SignInExpired if the ticket is dead, or the user may no longer sign in; WrongSecondFactor; TooManyRequests, also
   * while the second step is locked, for right proofs too
   */
  async complete(given: SecondStepAttempt): Promise<SignedInResponse> {
    const { ticket, attempt } = await this.secondSteps.enter(given);
    const done = await this.recorded(attempt, ticket.userId, async (tx) => {
      const user = await this.outcomes.admissible(tx, attempt, ticket.userId);
      const proved = await this.secondSteps.prove(tx, given);
      if ('refused' in proved) return proved;
      const started = await this.start(tx, { ...attempt, amr: proved.amr, secondFactor: given.proof.method }, user);
      const remembered = given.rememberDevice && (await this.secondSteps.remember(tx, user.id, given));
      return { ...started, ...(remembered && { remembered }) };
    });
    if (!done) throw new SignInExpired();
    if ('refused' in done) throw done.refused;
    const { remembered } = done;
    if (!given.browser) return { ...done.answer, ...(remembered && { rememberedDevice: remembered.token }) };
    given.browser.send(done.source);
    remembered?.send();
    return done.answer;
  }

  /**
   * Starts the session of a user who had to set up a second factor, and has just done so with the ticket of the first step.
   * @throws SignInExpired
   */
  async completeSetup(given: SetupAttempt): Promise<SignedInResponse> {
    const { ticket, attempt } = await this.secondSteps.findSetup(given);
    const done = await this.recorded(attempt, ticket.userId, async (tx) => {
      const user = await this.outcomes.admissible(tx, attempt, ticket.userId);
      await this.secondSteps.useSetup(tx, ticket);
      return this.start(tx, { ...attempt, secondFactor: given.factor }, user);
    });
    if (!done) throw new SignInExpired();
    given.browser?.send(done.source);
    return done.answer;
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

  private async start(tx: Transaction, attempt: EnteredAttempt, user: UserEntity) {
    const { amr, context, browser } = attempt;
    const kind = browser ? 'BROWSER' : 'API';
    if (browser) await this.sessions.endPrevious(tx, browser, context);
    const session = { kind, amr, keepSignedIn: browser?.keepSignedIn } as const;
    const evidence = this.outcomes.evidenceOf(attempt, user);
    const { source, tokens, lastLoginAt } = await this.sessions.signIn(tx, user, session, evidence);
    user.lastLoginAt = lastLoginAt;
    const deviceToken = this.attempts.renewDevice(attempt, user.id);
    return { source, answer: { ...tokens, deviceToken, user: UserResponse.from(user, this.clock.now(), user) } };
  }

  /** Asks for the second step, if there is to be one; the ticket of it is committed. */
  private async afterOneStep<T>(
    attempt: EnteredAttempt,
    userId: string,
    stillHolds: StillHolds | undefined,
    work: (tx: Transaction, user: UserEntity, secondFactor?: string) => Promise<T>,
  ): Promise<T> {
    const done = await this.recorded(attempt, userId, async (tx) => {
      const user = await this.outcomes.admissible(tx, attempt, userId);
      const credentials = await this.credentials.read(tx, userId);
      if (stillHolds && !(await stillHolds(tx, user, credentials))) throw new Refused('wrong-proof');
      const asked = await this.secondSteps.ask(tx, attempt, user, credentials);
      if (asked && asked !== 'remembered') return { asked };
      // Known from its evidence: no second factor was proved.
      return { result: await work(tx, user, asked && 'remembered-device') };
    });
    if (!done) throw new InvalidCredentials();
    if (!done.asked) return done.result;
    const { step, binding, isSetup } = done.asked;
    if (binding !== undefined) attempt.browser?.bind(binding);
    throw isSetup === true ? new SecondFactorSetupRequired(step) : new SecondFactorRequired(step);
  }

  /** @returns undefined for an attempt that turned out to be inadmissible, which is recorded */
  private async recorded<T>(
    attempt: EnteredAttempt,
    userId: string,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await this.transactions.run(work);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.outcomes.failed(attempt, error.reason, userId);
      return undefined;
    }
  }
}
