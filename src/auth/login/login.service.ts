import { Injectable } from '@nestjs/common';
import { addressKey, identifierKey } from '../../users/aggregate/identifiers.js';
import { ClaimPasswords } from '../passwords/claim-passwords.js';
import { Passwords } from '../passwords/passwords.js';
import type { EnteredAttempt, SignInAttempt } from '../sign-in/sign-in-attempt.js';
import { InvalidCredentials } from '../sign-in/sign-in-errors.js';
import { SignInGate } from '../sign-in/sign-in-gate.js';
import { maySignIn } from '../sign-in/sign-in-outcomes.js';
import type { SignedInResponse } from '../sessions/signed-in.response.js';

type PasswordAttempt = Omit<SignInAttempt, 'method'> & { readonly identifier: string; readonly password: string };

interface Authenticated {
  readonly attempt: EnteredAttempt;
  readonly userId: string;
  /** When the password was chosen that was found right. */
  readonly changedAt: Date | undefined;
  /** Looks at what a wrong password would be compared with as well. */
  readonly isClaimant: () => Promise<boolean>;
}

/** Signs in by email or username and password. */
@Injectable()
export class LoginService {
  constructor(
    private readonly passwords: Passwords,
    private readonly claims: ClaimPasswords,
    private readonly gate: SignInGate,
  ) {}

  /** @throws InvalidCredentials, EmailNotVerified, TooManyRequests, HashingOverloaded */
  async login(input: PasswordAttempt): Promise<SignedInResponse> {
    const found = await this.authenticate(input);
    const { attempt, userId, changedAt } = found;
    return this.settled(
      found,
      this.gate.admit(attempt, userId, (tx) => this.passwords.isStillOf(tx, userId, changedAt)),
    );
  }

  /**
   * Who this is, by all the rules of a sign-in, without a session.
   * @throws InvalidCredentials, EmailNotVerified, HashingOverloaded
   */
  async verify(input: PasswordAttempt): Promise<string> {
    const found = await this.authenticate(input);
    await this.settled(found, this.gate.confirm(found.attempt, found.userId));
    return found.userId;
  }

  /** What the gate refuses at last takes as long as a wrong password, which is compared with claims too. */
  private async settled<T>({ isClaimant }: Authenticated, admission: Promise<T>): Promise<T> {
    try {
      return await admission;
    } catch (error) {
      if (error instanceof InvalidCredentials) await isClaimant();
      throw error;
    }
  }

  private async authenticate({ password, ...input }: PasswordAttempt): Promise<Authenticated> {
    const account = identifierKey(input.identifier);
    const attempt = await this.gate.enter({ ...input, method: 'password' }, () => {
      // Who brings a token of a device may have a place where others have none; whether it is theirs is still to be seen.
      if (input.deviceToken === undefined) this.passwords.checkRoom({ account });
    });
    const { owner, claim } = attempt;
    const { own, areClaimed, ofClaims } = await this.claims.typed({
      ownerId: owner?.id,
      of: input.identifier.includes('@') ? { address: addressKey(input.identifier) } : { userId: (claim ?? owner)?.id },
    });
    // One hash for everybody, locked or not. Whoever registered an address knows that somebody did, so the second hash, made for a
    // wrong password whether or not the address has an owner and for all claims together, tells of nobody else: it is made for as
    // long as a claim is kept, whoever claims or proves the address after it, and answers as it did.
    const work = { account, lane: attempt.isKnownDevice ? 'known' : 'other' } as const;
    const isClaimant = async () => areClaimed && (await this.passwords.verifyAny(password, ofClaims, work));
    const isOwner = await this.passwords.verify(password, own?.hash, work);
    // A lock is looked at again where the session begins; here it must not come out quicker than a wrong password.
    if (isOwner && owner && maySignIn(owner) && !attempt.isLocked) {
      await this.passwords.upgrade(owner.id, password, own?.hash, work);
      return { attempt, userId: owner.id, changedAt: own?.changedAt, isClaimant };
    }
    // To the owner of the address, if there is one, it was a wrong password all the same.
    const isTold = (await isClaimant()) && !attempt.isClaimLocked;
    throw await this.gate.refuse(attempt, isTold ? 'email-not-verified' : 'wrong-proof');
  }
}
