import { Injectable } from '@nestjs/common';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import { Transactions } from '../../database/transaction.js';
import { describeDevice } from '../../rendering/device.js';
import { PreconditionFailed } from '../../users/aggregate/user-errors.js';
import { matches } from '../../users/api/etag.js';
import { UserActions } from '../../users/api/user-actions.js';
import { RecoveryCodes } from '../recovery-codes/recovery-codes.js';
import type { RegistrationJson } from '../second-factors/credential-json.js';
import { type FactorRequest, FactorChanges } from '../second-factors/factor-changes.js';
import { type ChallengeUse, Challenges } from './challenges.js';
import { PasskeyInvalid, TooManyPasskeys } from './passkey-errors.js';
import { MAX_PASSKEYS, type Passkey, Passkeys } from './passkeys.js';
import { handleOf, RelyingParty } from './relying-party.js';
import { verifyRegistration } from './verification.js';

/** A new passkey, and recovery codes if the user had none: they are shown only then. */
export interface AddedPasskey {
  readonly passkey: Passkey;
  readonly recoveryCodes: readonly string[];
}

/** Adds passkeys to one's own account. */
@Injectable()
export class PasskeyRegistration {
  constructor(
    private readonly actions: UserActions,
    private readonly transactions: Transactions,
    private readonly challenges: Challenges,
    private readonly passkeys: Passkeys,
    private readonly site: RelyingParty,
    private readonly changes: FactorChanges,
    private readonly recoveryCodes: RecoveryCodes,
  ) {}

  /** What a browser is to make a passkey with. @throws Forbidden, UserNotFound, TooManyPasskeys */
  async options(request: Pick<FactorRequest, 'id' | 'caller'>): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { user } = await this.actions.findAllowed({ ...request, action: 'addFactor' });
    const { challenge, existing } = await this.transactions.run(async (tx) => {
      const existing = await this.passkeys.ofUser(tx, user.id);
      refuseMore(existing.length);
      return { challenge: await this.challenges.issue(tx, useOf(request)), existing };
    });
    return this.site.creationOptions(user, challenge, existing.map(handleOf));
  }

  /**
   * @param name absent for one after the browser that made it
   * @throws Forbidden, UserNotFound, PreconditionFailed, PasskeyInvalid, PasskeyExists, TooManyPasskeys; RefusedByHandler
   */
  async add(request: FactorRequest, json: RegistrationJson, name: string | undefined): Promise<AddedPasskey> {
    const { ifMatch } = request;
    const { user } = await this.actions.findAllowed({ ...request, action: 'addFactor' });
    if (ifMatch !== undefined && !matches(ifMatch, user.version)) throw new PreconditionFailed();
    const { challenge, existing } = await this.transactions.run(async (tx) => ({
      challenge: await this.challenges.take(tx, json.response.clientDataJSON, useOf(request)),
      existing: await this.passkeys.ofUser(tx, user.id),
    }));
    const made = challenge === undefined ? undefined : await verifyRegistration(this.site, json, challenge);
    if (!made) throw new PasskeyInvalid();
    const taken = existing.map((one) => one.name);
    const label = name ?? unused(describeDevice(request.context.userAgent) ?? 'Passkey', taken);
    return this.changes.add(request, { kind: 'passkey', label }, async (tx) => {
      refuseMore((await this.passkeys.ofUser(tx, user.id)).length);
      const passkey = await this.passkeys.add(tx, user.id, this.site.id, label, made);
      return { passkey, recoveryCodes: await this.recoveryCodes.makeIfNone(tx, user.id) };
    });
  }
}

/** In the session that asked for the options, and for its own account. */
function useOf({ id, caller }: Pick<FactorRequest, 'id' | 'caller'>): ChallengeUse {
  return { purpose: 'registration', userId: id, boundTo: caller.sessionId };
}

function refuseMore(count: number): void {
  if (count >= MAX_PASSKEYS) throw new TooManyPasskeys(MAX_PASSKEYS);
}

/** "Chrome on Linux", then "Chrome on Linux 2": which is which shows in the list. */
function unused(name: string, taken: readonly string[]): string {
  for (let number = 2, one = name; ; number += 1) {
    if (!taken.includes(one)) return one;
    one = `${name} ${number}`;
  }
}
