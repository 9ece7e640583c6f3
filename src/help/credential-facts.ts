import { Injectable } from '@nestjs/common';
import { FactorRequirement } from '../auth/second-factors/factor-requirement.js';
import { SecondFactors } from '../auth/second-factors/second-factors.js';
import { HeldMethods } from '../auth/sign-in-methods/held-methods.js';
import type { Transaction } from '../database/transaction.js';
import type { UserEntity } from '../users/store/user.entity.js';
import { type Fact, fact } from './facts.js';

/** With what an account can sign in, and what is missing. */
@Injectable()
export class CredentialFacts {
  constructor(
    private readonly methods: HeldMethods,
    private readonly factors: SecondFactors,
    private readonly requirement: FactorRequirement,
  ) {}

  /** Of a user who is neither deleted nor waiting for the address to be confirmed. */
  async of(tx: Transaction, user: UserEntity): Promise<Fact[]> {
    const held = (await this.methods.heldBy(tx, user)).map(({ method }) => method);
    const facts = held.length === 0 ? await this.withoutMethods(tx, user) : [];
    if (held.length > 0 && !held.some(({ id }) => id === 'password')) {
      const providers = held.flatMap((one): [string, string][] => {
        const name = one.offer().provider?.name;
        return name === undefined ? [] : [[one.id, name]];
      });
      facts.push(fact('no-password', { methods: held.map(({ id }) => id), names: Object.fromEntries(providers) }));
    }
    if (this.requirement.appliesTo(user.role) && !(await this.factors.hasOne(tx, user.id))) {
      facts.push(fact('second-factor-missing', { role: user.role }));
    }
    return facts;
  }

  private async withoutMethods(tx: Transaction, { id, createdAt }: UserEntity): Promise<Fact[]> {
    const [invitation] = await tx.query<{ until: Date; open: boolean }[]>(
      `SELECT expires_at AS until, used_at IS NULL AND expires_at > now() AS open
       FROM one_time_tokens WHERE user_id = $1 AND purpose = 'invitation'`,
      [id],
    );
    if (!invitation) return [fact('no-way-in', {})];
    const { until, open } = invitation;
    return [open ? fact('invitation-open', { until }, createdAt) : fact('invitation-over', {}, createdAt)];
  }
}
