import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Transaction } from '../../database/transaction.js';
import { removeAuthenticator } from '../../users/aggregate/decide-credentials.js';
import { UserStore } from '../../users/store/user-store.js';
import { Identities } from '../identities/identities.js';
import { identityRemoved } from '../identities/identity-events.js';
import { SecondFactors } from './second-factors.js';

/** The end of every way into an account but its password, which nobody asks for. */
@Injectable()
export class ForgottenFactors {
  constructor(
    private readonly users: UserStore,
    private readonly factors: SecondFactors,
    private readonly identities: Identities,
  ) {}

  /**
   * When the address of an account is proved for the first time: the factors from before, and the identities at providers, may be
   * those of its creator.
   * Part of a transaction that ends its sessions, too.
   */
  async forgetAll(tx: Transaction, userId: string, context: RequestContext): Promise<void> {
    for (const { kind, label } of await this.factors.removeAll(tx, userId)) {
      await this.users.change(tx, userId, (state) => removeAuthenticator(state, kind, label), context);
    }
    for (const identity of await this.identities.remove(tx, userId, 'all')) {
      await this.users.change(tx, userId, identityRemoved(identity), context);
    }
  }
}
