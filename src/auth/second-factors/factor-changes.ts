import { Injectable } from '@nestjs/common';
import { NotAuthenticated } from '../../access/access-errors.js';
import type { Caller } from '../../access/caller.js';
import type { Transaction } from '../../database/transaction.js';
import { addAuthenticator, removeAuthenticator } from '../../users/aggregate/decide-credentials.js';
import { type ActionRequest, decideNothing, UserActions } from '../../users/api/user-actions.js';
import { UserStore } from '../../users/store/user-store.js';
import { WaysIn } from '../../users/store/ways-in.js';
import { levelOf, MULTIPLE_FACTORS } from '../sessions/assurance.js';
import type { BrowserCookie } from '../sessions/session-cookies.js';
import { SessionRenewals } from '../sessions/session-renewals.js';
import { Sessions } from '../sessions/sessions.js';
import { FactorRequirement } from './factor-requirement.js';
import { NoWayLeft } from './second-factor-errors.js';
import type { HeldFactor } from './second-factor.js';
import { SecondFactors } from './second-factors.js';
import { SignInTickets } from './sign-in-tickets.js';

/** Whose factor is changed, and by whom. */
export type FactorRequest = Omit<ActionRequest, 'action'> & {
  /** The cookie of the request, which gets a new value. */
  readonly browser?: BrowserCookie | undefined;
};

/** What a factor that was just set up proves (RFC 8176, 2), after the proof that setting it up took. */
const PROVED_BY_NEW = {
  totp: ['otp', MULTIPLE_FACTORS],
  passkey: ['user', MULTIPLE_FACTORS],
  'recovery-codes': [],
} as const;

/**
 * Every change of second factors: policy, event and what follows, in one transaction with the user locked. The events cause the
 * mails. Other sessions go on, unless somebody else removes a factor: then the holder of the lost device is signed out everywhere. The
 * cookie of the request gets a new value.
 */
@Injectable()
export class FactorChanges {
  constructor(
    private readonly actions: UserActions,
    private readonly users: UserStore,
    private readonly factors: SecondFactors,
    private readonly tickets: SignInTickets,
    private readonly sessions: Sessions,
    private readonly renewals: SessionRenewals,
    private readonly requirement: FactorRequirement,
    private readonly waysIn: WaysIn,
  ) {}

  /**
   * Something on the way to a new factor, which changes no fact yet.
   * @throws Forbidden, UserNotFound, PreconditionFailed; NotAuthenticated or SignInExpired once the session or the sign-in has ended
   */
  async prepare<T>(request: FactorRequest, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.perform({ ...request, action: 'addFactor' }, async (tx) => {
      await this.liveAmrOf(tx, request.caller);
      return work(tx);
    });
  }

  /** @throws as `prepare`; RefusedByHandler; NotAuthenticated for a proof that has become too weak, too */
  async add<T>(
    request: FactorRequest,
    { kind, label }: { readonly kind: 'totp' | 'passkey' | 'recovery-codes'; readonly label: string | null },
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    return this.perform({ ...request, action: 'addFactor' }, async (tx) => {
      await this.refuseWeak(tx, request);
      const result = await work(tx);
      await this.users.change(tx, request.id, (state) => addAuthenticator(state, kind, label), request.context);
      const { caller, browser } = request;
      // Or the user would have to prove at once what they have just proved.
      await this.renewals.strengthen(tx, caller.sessionId, { amr: PROVED_BY_NEW[kind], browser });
      return result;
    });
  }

  /** @param work removes factors and returns them @throws as `prepare`; RefusedByHandler */
  async remove(
    request: FactorRequest,
    work: (tx: Transaction) => Promise<readonly Pick<HeldFactor, 'kind' | 'label'>[]>,
  ): Promise<void> {
    await this.perform({ ...request, action: 'removeFactor' }, (tx) => this.take(tx, request, work));
  }

  /** Removes every factor, for a user who lost them all. @throws as `remove`; NoWayLeft for one who signs in with passkeys alone */
  async reset(request: FactorRequest): Promise<void> {
    await this.perform({ ...request, action: 'resetFactors' }, async (tx) => {
      await this.take(tx, request, () => this.factors.removeAll(tx, request.id));
      const user = await this.users.find(tx, request.id);
      if (user && !(await this.waysIn.hasOne(tx, user))) throw new NoWayLeft();
    });
  }

  /**
   * The user may have got their first factor since the guard asked: a password alone adds none beside it.
   * @throws NotAuthenticated, SignInExpired
   */
  private async refuseWeak(tx: Transaction, { id, caller }: FactorRequest): Promise<void> {
    const amr = await this.liveAmrOf(tx, caller);
    if ((await this.factors.hasOne(tx, id)) && levelOf(amr) !== 'aal2') throw new NotAuthenticated();
  }

  /**
   * A reset that ended the session, or the sign-in of a set-up, may have been committed while this waited for the user's row: the thief
   * whom it shut out is to leave no factor behind.
   * @returns what the session was authenticated by
   * @throws NotAuthenticated, SignInExpired
   */
  private async liveAmrOf(tx: Transaction, { sessionId, setupToken }: Caller): Promise<readonly string[]> {
    if (setupToken !== undefined) {
      await this.tickets.refuseEnded(tx, sessionId);
      return [];
    }
    const amr = await this.renewals.amrOf(tx, sessionId);
    if (!amr) throw new NotAuthenticated();
    return amr;
  }

  private async take(
    tx: Transaction,
    { id, caller, context, browser }: FactorRequest,
    work: (tx: Transaction) => Promise<readonly Pick<HeldFactor, 'kind' | 'label'>[]>,
  ): Promise<void> {
    for (const { kind, label } of await work(tx)) {
      await this.users.change(tx, id, (state) => removeAuthenticator(state, kind, label), context);
    }
    if (caller.userId === id) {
      await this.requirement.refuseLast(tx, id);
      await this.renewals.renewCookie(tx, browser);
    } else await this.sessions.endAll(tx, id, 'factors-removed', undefined, context);
  }

  private async perform<T>(act: ActionRequest, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const results: T[] = [];
    await this.actions.perform(act, decideNothing, async (tx) => {
      results[0] = await work(tx);
    });
    return results[0] as T;
  }
}
