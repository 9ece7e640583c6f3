import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { decideNothing, UserActions } from '../../users/api/user-actions.js';
import { UserStore } from '../../users/store/user-store.js';
import { WaysIn } from '../../users/store/ways-in.js';
import { FactorChanges, type FactorRequest } from '../second-factors/factor-changes.js';
import { MethodStays } from '../sign-in-methods/sign-in-methods.js';
import { PasskeyNotFound } from './passkey-errors.js';
import { type Passkey, Passkeys } from './passkeys.js';

/** The passkeys of one user, for that user and for staff who may see or remove them. */
@Injectable()
export class UserPasskeys {
  constructor(
    private readonly actions: UserActions,
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly passkeys: Passkeys,
    private readonly changes: FactorChanges,
    private readonly waysIn: WaysIn,
  ) {}

  /** Oldest first. @throws Forbidden, UserNotFound */
  async list({ id, caller }: Pick<FactorRequest, 'id' | 'caller'>): Promise<Passkey[]> {
    await this.actions.findAllowed({ id, action: 'factors', caller });
    return this.transactions.run((tx) => this.passkeys.ofUser(tx, id));
  }

  /** Own ones only: a name is its owner's. @throws Forbidden, UserNotFound, PreconditionFailed, PasskeyNotFound */
  async rename(request: FactorRequest, passkeyId: string, name: string): Promise<Passkey> {
    let renamed: Passkey | undefined;
    await this.actions.perform({ ...request, action: 'addFactor' }, decideNothing, async (tx) => {
      if (!isUuid(passkeyId) || !(await this.passkeys.rename(tx, request.id, passkeyId, name))) {
        throw new PasskeyNotFound();
      }
      renamed = await this.passkeys.find(tx, request.id, passkeyId);
    });
    if (!renamed) throw new PasskeyNotFound();
    return renamed;
  }

  /**
   * Sessions that it began go on, unless somebody else removes it.
   * @throws Forbidden, UserNotFound, PreconditionFailed, PasskeyNotFound; MethodStays for the last way to sign in; RefusedByHandler
   */
  async remove(request: FactorRequest, passkeyId: string): Promise<void> {
    const { id } = request;
    await this.changes.remove(request, async (tx) => {
      const passkey = isUuid(passkeyId) ? await this.passkeys.find(tx, id, passkeyId) : undefined;
      if (!passkey || !(await this.passkeys.remove(tx, id, passkeyId))) throw new PasskeyNotFound();
      await this.refuseLast(tx, id);
      return [{ kind: 'passkey', label: passkey.name }];
    });
  }

  private async refuseLast(tx: Transaction, userId: string): Promise<void> {
    const user = await this.users.lockForUpdate(tx, userId);
    if (user && !(await this.waysIn.hasOne(tx, user))) throw new MethodStays('This is the only sign-in method left.');
  }
}
