import { Inject, Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import { isAssertionJson } from '../second-factors/credential-json.js';
import {
  type HeldFactor,
  type ProofPurpose,
  SecondFactor,
  type SecondFactorProof,
} from '../second-factors/second-factor.js';
import { amrOf, Assertions, isCounterBack } from './assertions.js';
import { Passkeys } from './passkeys.js';
import { RelyingParty } from './relying-party.js';

/** Passkeys as second factors. They are the same as for signing in; here the first factor is known, so a touch will do. */
@Injectable()
export class PasskeyFactor extends SecondFactor {
  readonly method = 'passkey';
  readonly table = 'passkeys';

  constructor(
    private readonly passkeys: Passkeys,
    private readonly assertions: Assertions,
    @Inject(RelyingParty) private readonly site: Pick<RelyingParty, 'id'>,
  ) {
    super();
  }

  async heldBy(tx: Transaction, userId: string): Promise<HeldFactor[]> {
    const passkeys = await this.passkeys.ofUser(tx, userId);
    return passkeys.map(({ id, name, createdAt, lastUsedAt }) => ({
      id,
      kind: 'passkey',
      label: name,
      addedAt: createdAt,
      lastUsedAt,
    }));
  }

  /**
   * Those made for another host, such as before a change of `PUBLIC_URL`, are held and can be presented no more: their users need a
   * recovery code or an admin, since nothing else may turn a second factor off.
   */
  override async count(tx: Transaction, userId: string): Promise<number> {
    const passkeys = await this.passkeys.ofUser(tx, userId);
    return passkeys.filter(({ rpId }) => rpId === this.site.id).length;
  }

  async verify(
    tx: Transaction,
    { assertion }: SecondFactorProof,
    { userId, boundTo, context }: ProofPurpose,
  ): Promise<readonly string[] | undefined> {
    if (!isAssertionJson(assertion)) return undefined;
    const claimed = await this.assertions.claim(tx, assertion, { purpose: 'proof', userId, boundTo });
    if (claimed.passkey?.userId !== userId) return undefined;
    const proved = await this.assertions.verify(assertion, claimed, false);
    if (!proved) return undefined;
    if (isCounterBack(proved)) {
      await this.assertions.suspectCopy(tx, proved, context);
      return undefined;
    }
    return (await this.assertions.use(tx, proved)) ? amrOf(proved) : undefined;
  }

  async removeAll(tx: Transaction, userId: string): Promise<void> {
    await this.passkeys.removeAll(tx, userId);
  }
}
