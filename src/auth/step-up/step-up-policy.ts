import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { NotAuthenticated } from '../../access/access-errors.js';
import type { Caller } from '../../access/caller.js';
import { StepUpCheck, type StepUpDemand } from '../../access/step-up.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { UserStore } from '../../users/store/user-store.js';
import { Passwords } from '../passwords/passwords.js';
import { SecondFactors } from '../second-factors/second-factors.js';
import { SignInExpired, SignInTickets } from '../second-factors/sign-in-tickets.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { levelOf } from '../sessions/assurance.js';
import { ALIVE } from '../sessions/sessions.js';
import { StepUpRequired } from './step-up-errors.js';
import type { StepUpMethod } from './step-up-method.js';

/** The form of the token, which no access token has. */
const SETUP_BEARER = /^Bearer ([0-9a-f]{32}\.[A-Za-z0-9_-]{43})$/i;

/** Decides whether a session was authenticated recently and strongly enough. Asks the database each time: such acts are rare. */
@Injectable()
export class StepUpPolicy extends StepUpCheck {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly factors: SecondFactors,
    private readonly passwords: Passwords,
    private readonly tickets: SignInTickets,
    private readonly cookies: SessionCookies,
    private readonly users: UserStore,
  ) {
    super();
  }

  async require(caller: Caller, { passwordInBody }: StepUpDemand = { passwordInBody: false }): Promise<void> {
    await this.transactions.run(async (tx) => {
      const hasFactor = await this.factors.hasOne(tx, caller.userId);
      if (passwordInBody && !hasFactor) return;
      const { isRecent, amr } = await this.find(tx, caller);
      if (isRecent && (!hasFactor || levelOf(amr) === 'aal2')) return;
      throw await this.refusal(tx, caller.userId);
    });
  }

  async setupCallerOf(request: FastifyRequest): Promise<Caller | undefined> {
    const token = SETUP_BEARER.exec(request.headers.authorization ?? '')?.[1];
    return token === undefined ? undefined : this.setupCaller(token, this.cookies.bindingOf(request));
  }

  /** Whose sign-in this token lets set up a second factor; undefined if it is worth nothing. @param binding the browser's cookie */
  async setupCaller(token: string, binding: string | undefined): Promise<Caller | undefined> {
    try {
      return await this.transactions.run(async (tx) => {
        const { id, userId } = await this.tickets.find(tx, token, 'setup', binding);
        const user = await this.users.find(tx, userId);
        // Of one who has a factor by now, it is worth nothing: that factor is asked for.
        if (!user || (await this.factors.hasOne(tx, userId))) return undefined;
        return { userId, role: user.role, sessionId: id, setupToken: token };
      });
    } catch (error) {
      if (error instanceof SignInExpired) return undefined;
      throw error;
    }
  }

  /** Whether `require` would pass, for pages. @throws NotAuthenticated if the session has ended */
  async isFresh(caller: Caller): Promise<boolean> {
    try {
      await this.require(caller);
      return true;
    } catch (error) {
      if (error instanceof StepUpRequired) return false;
      throw error;
    }
  }

  /** By what the caller can step up now; empty if only a new sign-in does. */
  async methodsFor({ userId }: Pick<Caller, 'userId'>): Promise<StepUpMethod[]> {
    return this.transactions.run((tx) => this.methodsOf(tx, userId));
  }

  /** The error that says what proof the user has to give. */
  async refusal(tx: Transaction, userId: string): Promise<StepUpRequired> {
    const acr = (await this.factors.hasOne(tx, userId)) ? 'aal2' : 'aal1';
    return new StepUpRequired(await this.methodsOf(tx, userId), acr, this.settings.STEP_UP_AGE);
  }

  private async methodsOf(tx: Transaction, userId: string): Promise<StepUpMethod[]> {
    if (await this.factors.hasOne(tx, userId)) return this.factors.methodsOf(tx, userId);
    return (await this.passwords.changedAt(tx, userId)) ? ['password'] : [];
  }

  private async find(
    tx: Transaction,
    { sessionId, userId }: Caller,
  ): Promise<{ readonly isRecent: boolean; readonly amr: readonly string[] }> {
    const [session] = await tx.query<{ isRecent: boolean; amr: string[] }[]>(
      `SELECT coalesce(authenticated_at, created_at) > now() - $3::float8 * interval '1 millisecond' AS "isRecent", amr
       FROM sessions WHERE id = $1 AND user_id = $2 AND ${ALIVE}`,
      [sessionId, userId, this.settings.STEP_UP_AGE],
    );
    // It ended between the guard and here.
    if (!session) throw new NotAuthenticated();
    return session;
  }
}
