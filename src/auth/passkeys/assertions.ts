import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Transaction } from '../../database/transaction.js';
import type { AssertionJson } from '../second-factors/credential-json.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';
import { type ChallengeUse, Challenges } from './challenges.js';
import { type Passkey, Passkeys } from './passkeys.js';
import { RelyingParty } from './relying-party.js';
import { type VerifiedAssertion, verifyAssertion } from './verification.js';

/** The passkey that an assertion names, and the challenge that was used up for it. */
export interface ClaimedAssertion {
  readonly passkey: Passkey | undefined;
  readonly challenge: string | undefined;
}

/** A genuine assertion, and whose. */
export interface ProvedPasskey extends VerifiedAssertion {
  readonly passkey: Passkey;
}

/** Proofs of passkeys: claimed, verified, and recorded as used. */
@Injectable()
export class Assertions {
  constructor(
    private readonly challenges: Challenges,
    private readonly passkeys: Passkeys,
    private readonly site: RelyingParty,
    private readonly events: AuthEvents,
  ) {}

  /** Uses up the challenge, whatever comes of the proof. */
  async claim(tx: Transaction, json: AssertionJson, use: ChallengeUse): Promise<ClaimedAssertion> {
    return {
      challenge: await this.challenges.take(tx, json.response.clientDataJSON, use),
      passkey: await this.passkeys.byCredential(tx, json.id),
    };
  }

  /** @returns undefined if the proof is wrong, or there is no such passkey */
  async verify(
    json: AssertionJson,
    { passkey, challenge }: ClaimedAssertion,
    requireUserVerification: boolean,
  ): Promise<ProvedPasskey | undefined> {
    if (!passkey || challenge === undefined) return undefined;
    const userHandle = this.site.userHandleOf(passkey.userId);
    const said = await verifyAssertion(this.site, json, { passkey, challenge, userHandle, requireUserVerification });
    return said && { ...said, passkey };
  }

  /** Of two uses with one value of the counter, the second fails. @returns false if the passkey was removed meanwhile, too */
  async use(tx: Transaction, { passkey, counter, backedUp }: ProvedPasskey): Promise<boolean> {
    return this.passkeys.use(tx, passkey.id, counter, backedUp);
  }

  /** Evidence that there may be a copy of the passkey, of which its owner is told by mail. */
  async suspectCopy(tx: Transaction, { passkey }: ProvedPasskey, context: RequestContext): Promise<void> {
    await this.events.record(tx, {
      type: 'passkey.copy_suspected',
      userId: passkey.userId,
      method: 'passkey',
      reason: 'counter-went-back',
      context,
    });
  }
}

/**
 * Whether the counter of an authenticator has not grown since the last use (WebAuthn Level 3, 6.1.1): the signature is genuine, so
 * there are two authenticators with this key. Those without a counter always say 0.
 */
export function isCounterBack({ passkey, counter }: ProvedPasskey): boolean {
  return counter <= passkey.counter && (counter > 0 || passkey.counter > 0);
}

/**
 * What a passkey adds to the `amr` of a session (RFC 8176, 2): a key that never leaves its device is `hwk`, one that is synchronised
 * `swk`. With user verification it is two factors by itself.
 */
export function amrOf({ passkey, userVerified }: ProvedPasskey): string[] {
  return [passkey.backupEligible ? 'swk' : 'hwk', 'user', ...(userVerified ? ['mfa'] : [])];
}
