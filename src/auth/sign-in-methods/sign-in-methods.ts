import { Injectable } from '@nestjs/common';
import { allows } from '../../access/policy.js';
import { DomainError } from '../../problems/domain-error.js';
import { Transactions } from '../../database/transaction.js';
import { removeAuthenticator } from '../../users/aggregate/decide-credentials.js';
import { type ActionRequest, decideNothing, UserActions } from '../../users/api/user-actions.js';
import { UserStore } from '../../users/store/user-store.js';
import { UserNotFound } from '../../users/aggregate/user-errors.js';
import { Sessions } from '../sessions/sessions.js';
import { FactorRequirement } from '../second-factors/factor-requirement.js';
import { type HeldMethod, HeldMethods } from './held-methods.js';
import type { SignInMethod } from './sign-in-method.js';

export class NoSuchMethod extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('The user has no such sign-in method.');
  }
}

export class MethodStays extends DomainError {
  readonly code = 'sign-in-method-stays';
}

/** Lists and removes the sign-in methods of a user. */
@Injectable()
export class SignInMethods {
  constructor(
    private readonly held: HeldMethods,
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly actions: UserActions,
    private readonly sessions: Sessions,
    private readonly requirement: FactorRequirement,
  ) {}

  all(): readonly SignInMethod[] {
    return this.held.all();
  }

  /** Those of one user. @throws Forbidden, UserNotFound */
  async listFor(act: Omit<ActionRequest, 'action' | 'context'>): Promise<{ held: HeldMethod[]; mayRemove: boolean }> {
    const { user, actor } = await this.actions.findAllowed({ ...act, action: 'methods' });
    const held = await this.transactions.run((tx) => this.held.heldBy(tx, user));
    return { held, mayRemove: allows(actor, 'removeMethod', user) };
  }

  /**
   * Removes one; existing sessions continue, unless somebody else removes a second factor.
   * @throws Forbidden, UserNotFound, NoSuchMethod, PreconditionFailed; MethodStays if it cannot be removed, or is the last; SecondFactorStays
   */
  async remove(given: Omit<ActionRequest, 'action'>, id: string): Promise<void> {
    const { caller, context } = given;
    await this.actions.perform({ ...given, action: 'removeMethod' }, decideNothing, async (tx) => {
      const user = await this.users.lockForUpdate(tx, given.id);
      if (!user) throw new UserNotFound();
      const held = await this.held.heldBy(tx, user);
      const one = held.find(({ method }) => method.id === id);
      if (!one) throw new NoSuchMethod();
      if (!one.removable)
        throw new MethodStays(
          'This sign-in method comes with the confirmed email address and cannot be removed on its own.',
        );
      if (held.length === 1) throw new MethodStays('This is the only sign-in method left.');
      // First, so that handlers of the event find it gone.
      const names = await one.method.remove(tx, user.id);
      for (const name of names) {
        await this.users.change(tx, user.id, (state) => removeAuthenticator(state, id, name), context);
      }
      if (!one.method.isFactor) return;
      if (caller.userId === user.id) await this.requirement.refuseLast(tx, user.id);
      else await this.sessions.endAll(tx, user.id, 'factors-removed', undefined, context);
    });
  }
}
