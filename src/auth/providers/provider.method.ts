import type { ProviderSettings } from '../../config/provider-settings.js';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { identityLabel, type Identities } from '../identities/identities.js';
import { type MethodOffer, type OwnMethod, SignInMethod } from '../sign-in-methods/sign-in-method.js';

/** One provider as a way to sign in: all identities of a user there. Each can be unlinked by itself, too. */
export class ProviderMethod extends SignInMethod {
  readonly id: string;

  constructor(
    private readonly provider: ProviderSettings,
    private readonly identities: Pick<Identities, 'heldSince' | 'remove'>,
  ) {
    super();
    this.id = provider.id;
  }

  offer(): MethodOffer {
    const { id, name, preset } = this.provider;
    const start = { method: 'GET', href: `/auth/providers/${id}/start` } as const;
    return { label: name, signIn: start, register: start, provider: { name, preset } };
  }

  async heldBy(tx: Transaction, { id }: UserEntity): Promise<OwnMethod | undefined> {
    const addedAt = await this.identities.heldSince(tx, id, this.provider.id);
    return addedAt && { addedAt, removable: true };
  }

  async remove(tx: Transaction, userId: string): Promise<(string | null)[]> {
    const removed = await this.identities.remove(tx, userId, { provider: this.provider.id });
    return removed.map(({ profile }) => identityLabel(profile));
  }
}
