import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { DomainError } from '../../http/domain-error.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { removeAuthenticator } from '../../users/decide-credentials.js';
import { type UserAct, UserActs } from '../../users/user-acts.js';
import type { UserEntity } from '../../users/user.entity.js';
import { Users } from '../../users/users.js';
import { UserNotFound } from '../../users/user-errors.js';
import { type OwnMethod, SignInMethod } from './sign-in-method.js';

export class NoSuchMethod extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('The user has no such way to sign in.');
  }
}

export class MethodStays extends DomainError {
  readonly code = 'sign-in-method-stays';
}

interface Held extends OwnMethod {
  readonly method: SignInMethod;
}

/** The ways to sign in that there are: every provider that is one, in the order of the modules. */
@Injectable()
export class SignInMethods implements OnModuleInit {
  private methods: readonly SignInMethod[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly transactions: Transactions,
    private readonly users: Users,
    private readonly acts: UserActs,
  ) {}

  /** @throws Error for two of one id: clients could not tell them apart */
  onModuleInit(): void {
    const instances = this.discovery.getProviders().map(({ instance }) => instance as unknown);
    this.methods = [...new Set(instances.filter((instance) => instance instanceof SignInMethod))];
    const ids = this.methods.map(({ id }) => id);
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    if (twice !== undefined) throw new Error(`Two sign-in methods have the id ${twice}`);
  }

  all(): readonly SignInMethod[] {
    return this.methods;
  }

  /** Those of one user. @throws Forbidden, UserNotFound */
  async of(act: Omit<UserAct, 'action' | 'context'>): Promise<Held[]> {
    const { user } = await this.acts.find({ ...act, action: 'methods' });
    return this.transactions.run((tx) => this.heldBy(tx, user));
  }

  /**
   * Takes one away; whoever is signed in stays so.
   * @throws Forbidden, UserNotFound, NoSuchMethod, PreconditionFailed; MethodStays when it cannot be taken away, or is the last
   */
  async remove(given: Omit<UserAct, 'action'>, id: string): Promise<void> {
    const act: UserAct = { ...given, action: 'removeMethod' };
    await this.acts.perform(
      act,
      (state) => removeAuthenticator(state, id),
      async (tx) => {
        const user = await this.users.hold(tx, act.id);
        if (!user) throw new UserNotFound();
        const held = await this.heldBy(tx, user);
        const one = held.find(({ method }) => method.id === id);
        if (!one) throw new NoSuchMethod();
        if (!one.removable)
          throw new MethodStays('This way to sign in comes with the address, and stays as long as it.');
        if (held.length === 1) throw new MethodStays('This is the only way to sign in that is left.');
        await one.method.remove(tx, user.id);
      },
    );
  }

  private async heldBy(tx: Transaction, user: UserEntity): Promise<Held[]> {
    const held: Held[] = [];
    for (const method of this.methods) {
      const own = await method.of(tx, user);
      if (own) held.push({ ...own, method });
    }
    return held;
  }
}
