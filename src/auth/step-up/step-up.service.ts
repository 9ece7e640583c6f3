import { Injectable } from '@nestjs/common';
import { NotAuthenticated } from '../../access/access-errors.js';
import type { Caller, RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { UserStore } from '../../users/store/user-store.js';
import { FactorLockouts } from '../lockout/factor-lockouts.js';
import { CurrentPassword, WrongCurrentPassword } from '../password-change/current-password.js';
import { RateLimits } from '../rate-limits/rate-limits.js';
import type { SecondFactorProof } from '../second-factors/second-factor.js';
import { SecondFactors } from '../second-factors/second-factors.js';
import { MULTIPLE_FACTORS } from '../sessions/assurance.js';
import type { BrowserCookie } from '../sessions/session-cookies.js';
import { type ProvedSession, SessionRenewals } from '../sessions/session-renewals.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';
import { StepUpFailed } from './step-up-errors.js';
import type { StepUpMethod } from './step-up-method.js';
import { StepUpPolicy } from './step-up-policy.js';

/** A proof that a signed-in user gives again. */
export type StepUpProof =
  { readonly method: 'password'; readonly password: string } | (SecondFactorProof & { readonly password?: undefined });

export interface StepUpRequest {
  readonly caller: Caller;
  readonly context: RequestContext;
  /** The cookie of the request, which gets a new value. */
  readonly browser: BrowserCookie | undefined;
}

/**
 * Lets a signed-in user prove again who they are. Wrong proofs count for the session alone: the thief of one cannot lock
 * its owner out of the account.
 */
@Injectable()
export class StepUpService {
  constructor(
    private readonly policy: StepUpPolicy,
    private readonly proofs: CurrentPassword,
    private readonly factors: SecondFactors,
    private readonly renewals: SessionRenewals,
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly lockouts: FactorLockouts,
    private readonly limits: RateLimits,
    private readonly events: AuthEvents,
  ) {}

  /**
   * @throws StepUpFailed for a wrong proof; StepUpRequired for a method that is no proof for this user: a password of somebody with
   * a second factor; NotAuthenticated if the session has ended; TooManyRequests, HashingOverloaded
   */
  async stepUp(request: StepUpRequest, proof: StepUpProof): Promise<ProvedSession> {
    const { caller } = request;
    const methods = await this.policy.methodsFor(caller);
    if (!methods.includes(proof.method)) {
      throw await this.transactions.run((tx) => this.policy.refusal(tx, caller.userId));
    }
    return proof.method === 'password' ? this.byPassword(request, proof.password) : this.byFactor(request, proof);
  }

  private async byPassword({ caller, context, browser }: StepUpRequest, password: string): Promise<ProvedSession> {
    const { userId, sessionId } = caller;
    try {
      const user = await this.transactions.run((tx) => this.users.find(tx, userId));
      if (!user) throw new NotAuthenticated();
      const proof = await this.proofs.prove(user, password, context, sessionId);
      return await this.transactions.run(async (tx) => {
        await this.users.lockForUpdate(tx, userId);
        await this.proofs.check(tx, proof);
        // Set up between the first look and now: the password alone no longer does.
        if (await this.factors.hasOne(tx, userId)) throw await this.policy.refusal(tx, userId);
        return this.prove(tx, { caller, context, browser }, 'password', ['pwd']);
      });
    } catch (error) {
      throw error instanceof WrongCurrentPassword ? new StepUpFailed('password') : error;
    }
  }

  private async byFactor(request: StepUpRequest, proof: SecondFactorProof): Promise<ProvedSession> {
    const { caller, context } = request;
    const { userId, sessionId } = caller;
    const { method } = proof;
    const source = { userId, sessionId };
    await this.limits.consume('sign-in-by-account', `session:${sessionId}`);
    // A wrong proof commits: a challenge that it used is used up, and what was suspicious about it is recorded.
    const proved = await this.transactions.run(async (tx) => {
      // Guesses come one after another, and of any number at once no more are checked than one after another.
      await this.users.lockForUpdate(tx, userId);
      const isLocked = (await this.lockouts.secondsLeft(tx, source)) > 0;
      // Not even checked while locked: the right one stays unused.
      const amr = isLocked ? undefined : await this.factors.verify(tx, proof, { userId, boundTo: sessionId, context });
      if (amr) {
        await this.lockouts.succeed(tx, source);
        if (method === 'recovery-code') {
          await this.events.record(tx, { type: 'recovery_code.used', userId, method, context });
        }
        // The session itself began with a first factor.
        return this.prove(tx, request, method, [...amr, MULTIPLE_FACTORS]);
      }
      await this.lockouts.fail(tx, source, context);
      const reason = isLocked ? 'locked' : 'wrong-proof';
      await this.events.record(tx, { type: 'login.failed', method, userId, sessionId, reason, context });
      return undefined;
    });
    if (!proved) throw new StepUpFailed(method);
    return proved;
  }

  private async prove(
    tx: Transaction,
    { caller, context, browser }: StepUpRequest,
    method: StepUpMethod,
    amr: readonly string[],
  ): Promise<ProvedSession> {
    const { userId, sessionId } = caller;
    const user = await this.users.find(tx, userId);
    const proved = user && (await this.renewals.prove(tx, user, sessionId, { amr, browser }));
    if (!proved) throw new NotAuthenticated();
    await this.events.record(tx, { type: 'session.stepped_up', userId, sessionId, method, context });
    return proved;
  }
}
