import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '../../database/transaction.js';
import type { DomainError } from '../../problems/domain-error.js';
import { FactorLockouts } from '../lockout/factor-lockouts.js';
import { TooManyRequests } from '../rate-limits/rate-limits.js';
import { type SecondStep, WrongSecondFactor } from '../second-factors/second-factor-errors.js';
import { FactorRequirement } from '../second-factors/factor-requirement.js';
import { SecondFactors } from '../second-factors/second-factors.js';
import { SignInExpired, type SignInTicket, SignInTickets, TICKET_LIFE } from '../second-factors/sign-in-tickets.js';
import { RememberedDevices, TOGETHER } from '../remembered-devices/remembered-devices.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import type { Credentials } from './credentials.js';
import type { EnteredAttempt, SecondStepAttempt, SetupAttempt, SignInAttempt } from './sign-in-attempt.js';
import { SignInAttempts } from './sign-in-attempts.js';

const BINDING_BYTES = 32;
const SETUP_METHODS = ['totp', 'passkey'] as const;

/** What the client gets in place of a session: the next step, and the value of the cookie that binds its browser. */
export interface AskedStep {
  readonly step: SecondStep;
  readonly binding: string | undefined;
  /** Whether a factor has to be set up, rather than presented. */
  readonly isSetup?: boolean;
}

/** A right proof with what the session is proved by, or why there is none. */
type Proved = { readonly amr: readonly string[] } | { readonly refused: DomainError };

/** The second step of a sign-in, for users who have a second factor. */
@Injectable()
export class SecondSteps {
  constructor(
    private readonly transactions: Transactions,
    private readonly factors: SecondFactors,
    private readonly tickets: SignInTickets,
    private readonly attempts: SignInAttempts,
    private readonly lockouts: FactorLockouts,
    private readonly remembered: RememberedDevices,
    private readonly requirement: FactorRequirement,
    private readonly events: AuthEvents,
  ) {}

  /**
   * In the transaction of an admission, with the user locked.
   * @returns undefined if the attempt needs no further step, and `remembered` if its device spares the user that step
   */
  async ask(
    tx: Transaction,
    attempt: SignInAttempt,
    user: UserEntity,
    { hasSecondFactor }: Credentials,
  ): Promise<AskedStep | 'remembered' | undefined> {
    // A passkey that verified its user is both factors.
    if (attempt.amr.includes('mfa')) return undefined;
    const userId = user.id;
    if (!hasSecondFactor) return this.askForSetup(tx, attempt, user);
    const known = attempt.browser?.remembered ?? attempt.rememberedDevice;
    if (await this.remembered.recognises(tx, userId, known, attempt.context)) return 'remembered';
    const { method, amr, isByMail = false, context } = attempt;
    const binding = bindingOf(attempt);
    const deviceId = this.attempts.deviceOf(attempt, userId);
    const ticket = { userId, purpose: 'sign-in', method, amr, isByMail, deviceId, browser: binding } as const;
    const token = await this.tickets.issue(tx, ticket);
    await this.events.record(tx, { type: 'second_factor.required', userId, method, context });
    const methods = await this.factors.methodsOf(tx, userId);
    return { step: { token, methods, expiresIn: TICKET_LIFE }, binding };
  }

  /** A user whose role takes a second factor and who has none is let in to set one up, and to nothing else. */
  private async askForSetup(tx: Transaction, attempt: SignInAttempt, user: UserEntity): Promise<AskedStep | undefined> {
    if (!this.requirement.appliesTo(user.role)) return undefined;
    const { method, amr, isByMail = false, context } = attempt;
    const binding = bindingOf(attempt);
    const ticket = {
      userId: user.id,
      purpose: 'setup',
      method,
      amr,
      isByMail,
      deviceId: undefined,
      browser: binding,
    } as const;
    const token = await this.tickets.issue(tx, ticket);
    const event = { type: 'second_factor.required', userId: user.id, method, reason: 'set-up', context } as const;
    await this.events.record(tx, event);
    return { step: { token, methods: SETUP_METHODS, expiresIn: TICKET_LIFE }, binding, isSetup: true };
  }

  /**
   * The end of a set-up, after the factor was added with this ticket.
   * @throws SignInExpired
   */
  async findSetup(given: SetupAttempt): Promise<{ readonly ticket: SignInTicket; readonly attempt: EnteredAttempt }> {
    const attempt = await this.attempts.enter({ ...given, method: given.factor, amr: [] });
    const ticket = await this.transactions.run((tx) => this.tickets.find(tx, given.token, 'setup', given.binding));
    const { method, amr, isByMail } = ticket;
    return {
      ticket,
      attempt: { ...attempt, method, amr: [...new Set([...amr, ...given.amr, 'mfa'])], isUnguessable: isByMail },
    };
  }

  /** Uses the ticket of a set-up up. @throws SignInExpired, also if the factor is gone again */
  async useSetup(tx: Transaction, { id, userId }: SignInTicket): Promise<void> {
    if (!(await this.factors.hasOne(tx, userId))) throw new SignInExpired();
    await this.tickets.use(tx, id);
  }

  /**
   * Finds the first step that this is the second of, within the limits of it.
   * @throws SignInExpired, TooManyRequests
   */
  async enter(given: SecondStepAttempt): Promise<{ readonly ticket: SignInTicket; readonly attempt: EnteredAttempt }> {
    const attempt = await this.attempts.enter({ ...given, method: given.proof.method, amr: [] });
    const ticket = await this.transactions.run((tx) => this.find(tx, given));
    const { method, amr, isByMail } = ticket;
    // A mailed link has ended lockouts in the first step, once, and stands above those that came since.
    return { ticket, attempt: { ...attempt, method, amr, isUnguessable: isByMail } };
  }

  /**
   * Spares the user the second step on this device from now on, after one that succeeded.
   * @returns the token, and how to send it to a browser after the commit
   */
  async remember(
    tx: Transaction,
    userId: string,
    { browser, context }: SecondStepAttempt,
  ): Promise<{ readonly token: string; readonly send: () => void }> {
    const { token, others } = await this.remembered.remember(tx, userId, browser?.remembered, context);
    return { token, send: () => browser?.remember([token, ...others].join(TOGETHER)) };
  }

  /**
   * The ticket of a second step.
   * @throws SignInExpired also for another browser, or another device than the one that began
   */
  private async find(tx: Transaction, attempt: SecondStepAttempt): Promise<SignInTicket> {
    const ticket = await this.tickets.find(tx, attempt.token, 'sign-in', attempt.binding);
    const deviceId = this.attempts.deviceOf(attempt, ticket.userId);
    if (ticket.deviceId !== null && ticket.deviceId !== deviceId) throw new SignInExpired();
    return ticket;
  }

  /**
   * Checks the proof, and uses it and the ticket up or counts it as wrong; in the transaction of the admission, with the user locked,
   * which has to be committed either way. During a lockout no proof is looked at.
   * @throws SignInExpired
   */
  async prove(tx: Transaction, attempt: SecondStepAttempt): Promise<Proved> {
    const { id, userId, amr, deviceId } = await this.find(tx, attempt);
    const { proof, context } = attempt;
    // Only a device that was known in the first step: what it proves is bound to that.
    const source = { userId, deviceId: deviceId ?? undefined };
    const { method } = proof;
    const failed = { type: 'login.failed', userId, method, secondFactor: method, context } as const;
    const wait = await this.lockouts.secondsLeft(tx, source);
    if (wait > 0) {
      await this.events.record(tx, { ...failed, reason: 'locked' });
      return { refused: new TooManyRequests(wait) };
    }
    const proved = await this.factors.verify(tx, proof, { userId, boundTo: id, context });
    if (!proved) {
      await this.tickets.fail(tx, id);
      await this.lockouts.fail(tx, source, context);
      await this.events.record(tx, { ...failed, reason: 'wrong-second-factor' });
      return { refused: new WrongSecondFactor() };
    }
    await this.tickets.use(tx, id);
    await this.lockouts.succeed(tx, source);
    if (proof.method === 'recovery-code') {
      await this.events.record(tx, { type: 'recovery_code.used', userId, method: proof.method, context });
    }
    return { amr: [...new Set([...amr, ...proved, 'mfa'])] };
  }
}

/** Several tabs of a browser share one value. */
function bindingOf({ browser }: SignInAttempt): string | undefined {
  return browser && (browser.binding ?? randomBytes(BINDING_BYTES).toString('base64url'));
}
