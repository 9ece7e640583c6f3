import { Injectable } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { Transactions } from '../../database/transaction.js';
import type { AssertionJson } from '../second-factors/credential-json.js';
import type { SignedInResponse } from '../sessions/signed-in.response.js';
import type { SignInAttempt } from '../sign-in/sign-in-attempt.js';
import { InvalidCredentials } from '../sign-in/sign-in-errors.js';
import { SignInGate } from '../sign-in/sign-in-gate.js';
import { amrOf, Assertions, type ClaimedAssertion, isCounterBack } from './assertions.js';
import { Challenges } from './challenges.js';
import { PasskeyRefused } from './passkey-errors.js';
import { RelyingParty } from './relying-party.js';

type Attempt = Omit<SignInAttempt, 'method' | 'amr' | 'identifier'>;

/** Signs in by a passkey alone: what it proves are two factors, the device and its owner's PIN or biometrics. */
@Injectable()
export class PasskeySignIn {
  constructor(
    private readonly transactions: Transactions,
    private readonly challenges: Challenges,
    private readonly assertions: Assertions,
    private readonly site: RelyingParty,
    private readonly gate: SignInGate,
  ) {}

  /** The same for everybody: it names no passkey. @param browser the one that the challenge is bound to */
  async options(browser: Buffer | undefined): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const challenge = await this.transactions.run((tx) => this.challenges.issue(tx, { purpose: 'sign-in', browser }));
    return this.site.requestOptions(challenge, 'required');
  }

  /**
   * @param browser the one that sends the assertion
   * @throws PasskeyRefused, TooManyRequests
   */
  async signIn(json: AssertionJson, browser: Buffer | undefined, from: Attempt): Promise<SignedInResponse> {
    const entered = await this.gate.enter({ ...from, method: 'passkey', amr: [], isUnguessable: true });
    // Committed before anything is checked: a challenge has one try.
    const claimed = await this.transactions.run((tx) =>
      this.assertions.claim(tx, json, { purpose: 'sign-in', browser }),
    );
    const proved = namesUser(json) ? await this.assertions.verify(json, claimed, true) : undefined;
    if (proved && isCounterBack(proved)) {
      await this.transactions.run((tx) => this.assertions.suspectCopy(tx, proved, from.context));
    }
    if (!proved || isCounterBack(proved)) {
      await this.gate.refuse(entered, 'wrong-proof', ownerOf(claimed));
      throw new PasskeyRefused();
    }
    try {
      return await this.gate.admit({ ...entered, amr: amrOf(proved) }, proved.passkey.userId, (tx) =>
        this.assertions.use(tx, proved),
      );
    } catch (error) {
      // That one speaks of a password.
      throw error instanceof InvalidCredentials ? new PasskeyRefused() : error;
    }
  }
}

/** Nobody was asked for by name, so the authenticator has to say whose passkey it is (WebAuthn Level 3, 7.2, step 6). */
function namesUser({ response }: AssertionJson): boolean {
  return response.userHandle != null;
}

function ownerOf({ passkey, challenge }: ClaimedAssertion): string | undefined {
  // Without a challenge of ours, anybody who has seen a credential id could write evidence for its owner.
  return challenge === undefined ? undefined : passkey?.userId;
}
