import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { allows } from '../../access/policy.js';
import { Transactions } from '../../database/transaction.js';
import { type ActionRequest, decideNothing, UserActions } from '../../users/api/user-actions.js';
import { UserStore } from '../../users/store/user-store.js';
import { WaysIn } from '../../users/store/ways-in.js';
import { type Identity, Identities } from '../identities/identities.js';
import { identityRemoved } from '../identities/identity-events.js';
import { MethodStays, SignInMethods } from '../sign-in-methods/sign-in-methods.js';
import { NoSuchIdentity } from './provider-errors.js';

/** An identity, and whether it can be unlinked now. */
export type HeldIdentity = Identity & {
  readonly removable: boolean;
  /** Whether the caller may unlink it, if it can be. */
  readonly mayRemove: boolean;
};

/** The identities of one user, for that user and for staff who may see or unlink them. */
@Injectable()
export class UserIdentities {
  constructor(
    private readonly actions: UserActions,
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly identities: Identities,
    private readonly waysIn: WaysIn,
    private readonly methods: SignInMethods,
  ) {}

  /** Oldest first. @throws Forbidden, UserNotFound */
  async list(act: Pick<ActionRequest, 'id' | 'caller'>): Promise<HeldIdentity[]> {
    const { user, actor } = await this.actions.findAllowed({ ...act, action: 'identities' });
    const mayRemove = allows(actor, 'unlinkIdentity', user);
    const { held: methods } = await this.methods.listFor(act);
    const linked = await this.transactions.run((tx) => this.identities.ofUser(tx, user.id));
    return linked.map((identity) => {
      const hasOther = methods.some(({ method }) => method.id !== identity.provider);
      const atProvider = linked.filter(({ provider }) => provider === identity.provider).length;
      return { ...identity, removable: hasOther || atProvider > 1, mayRemove };
    });
  }

  /** Sessions that it began go on. @throws Forbidden, UserNotFound, PreconditionFailed, NoSuchIdentity, MethodStays; RefusedByHandler */
  async remove(act: Omit<ActionRequest, 'action'>, identityId: string): Promise<void> {
    await this.actions.perform({ ...act, action: 'unlinkIdentity' }, decideNothing, async (tx) => {
      const user = await this.users.lockForUpdate(tx, act.id);
      if (!user || !isUuid(identityId)) throw new NoSuchIdentity();
      const [removed] = await this.identities.remove(tx, user.id, { id: identityId });
      if (!removed) throw new NoSuchIdentity();
      if (!(await this.waysIn.hasOne(tx, user))) throw new MethodStays('This is the only sign-in method left.');
      await this.users.change(tx, user.id, identityRemoved(removed), act.context);
    });
  }

  /** Before somebody leaves to link one. @throws Forbidden, UserNotFound */
  async mayLink(act: Pick<ActionRequest, 'id' | 'caller'>): Promise<void> {
    await this.actions.findAllowed({ ...act, action: 'linkIdentity' });
  }
}
