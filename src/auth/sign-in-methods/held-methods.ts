import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { WaysIn } from '../../users/store/ways-in.js';
import { type OwnMethod, SignInMethod } from './sign-in-method.js';

/** A sign-in method of a user. */
export interface HeldMethod extends OwnMethod {
  readonly method: SignInMethod;
}

// Display order; extensions come last.
const FIRST = ['password', 'magic-link', 'passkey'];

/** The available sign-in methods, which are all providers of Nest that extend `SignInMethod`, and those of a user. */
@Injectable()
export class HeldMethods extends WaysIn implements OnModuleInit {
  private methods: readonly SignInMethod[] = [];

  constructor(private readonly discovery: DiscoveryService) {
    super();
  }

  /** @throws Error if two have the same id, as clients could not tell them apart */
  onModuleInit(): void {
    // A provider may be a list of methods, where settings say how many there are.
    const instances = this.discovery.getProviders().flatMap(({ instance }) => instance as unknown);
    const methods = [...new Set(instances.filter((instance) => instance instanceof SignInMethod))];
    const place = ({ id }: SignInMethod): number => (FIRST.includes(id) ? FIRST.indexOf(id) : FIRST.length);
    this.methods = methods.toSorted((one, other) => place(one) - place(other));
    const ids = this.methods.map(({ id }) => id);
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    if (twice !== undefined) throw new Error(`Two sign-in methods have the id ${twice}`);
  }

  all(): readonly SignInMethod[] {
    return this.methods;
  }

  async heldBy(tx: Transaction, user: UserEntity): Promise<HeldMethod[]> {
    const held: HeldMethod[] = [];
    for (const method of this.methods) {
      const own = await method.heldBy(tx, user);
      if (own) held.push({ ...own, method });
    }
    return held;
  }

  async hasOne(tx: Transaction, user: UserEntity): Promise<boolean> {
    return (await this.heldBy(tx, user)).length > 0;
  }
}
