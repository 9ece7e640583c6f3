import { Inject, Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { type MethodOffer, type OwnMethod, SignInMethod } from '../sign-in-methods/sign-in-method.js';
import { Passkeys } from './passkeys.js';
import { RelyingParty } from './relying-party.js';

/** All passkeys of a user that this host can ask for are one method; each can be removed by itself, too. */
@Injectable()
export class PasskeyMethod extends SignInMethod {
  readonly id = 'passkey';
  override readonly isFactor = true;

  constructor(
    private readonly passkeys: Passkeys,
    @Inject(RelyingParty) private readonly site: Pick<RelyingParty, 'id'>,
  ) {
    super();
  }

  offer(): MethodOffer {
    return { label: 'Passkey', signIn: { method: 'POST', href: '/auth/passkey/options' } };
  }

  async heldBy(tx: Transaction, { id }: UserEntity): Promise<OwnMethod | undefined> {
    const addedAt = await this.passkeys.heldSince(tx, id, this.site.id);
    return addedAt && { addedAt, removable: true };
  }

  async remove(tx: Transaction, userId: string): Promise<string[]> {
    const removed = await this.passkeys.ofUser(tx, userId);
    await this.passkeys.removeAll(tx, userId);
    return removed.map(({ name }) => name);
  }
}
