import { Injectable } from '@nestjs/common';
import { identifierKey } from '../../users/identifiers.js';
import { Passwords } from '../passwords/passwords.js';
import type { EnteredAttempt, SignInAttempt } from '../sign-in/sign-in-attempt.js';
import { EmailNotVerified } from '../sign-in/sign-in-errors.js';
import { SignInGate } from '../sign-in/sign-in-gate.js';
import { maySignIn } from '../sign-in/sign-in-outcomes.js';
import type { SignedInResponse } from '../sign-in/signed-in.response.js';

type PasswordAttempt = Omit<SignInAttempt, 'method'> & { readonly identifier: string; readonly password: string };

interface Authenticated {
  readonly attempt: EnteredAttempt;
  readonly userId: string;
  /** When the password was chosen that was found right. */
  readonly changedAt: Date | undefined;
}

interface Stored extends Pick<Authenticated, 'changedAt'> {
  readonly ownerHash: string | undefined;
  readonly claimHash: string | undefined;
}

/** Stands for whoever does not exist, so that there is something to look for. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Signs in by email or username and password. */
@Injectable()
export class LoginService {
  constructor(
    private readonly passwords: Passwords,
    private readonly gate: SignInGate,
  ) {}

  /** @throws InvalidCredentials, EmailNotVerified, TooManyRequests, Busy */
  async login(input: PasswordAttempt): Promise<SignedInResponse> {
    const { attempt, userId, changedAt } = await this.authenticate(input);
    return this.gate.admit(attempt, userId, (tx) => this.passwords.isStillOf(tx, userId, changedAt));
  }

  /**
   * Who this is, by all the rules of a sign-in, without a session.
   * @throws InvalidCredentials, EmailNotVerified, Busy
   */
  async verify(input: PasswordAttempt): Promise<string> {
    const { attempt, userId } = await this.authenticate(input);
    await this.gate.confirm(attempt, userId);
    return userId;
  }

  private async authenticate({ password, ...input }: PasswordAttempt): Promise<Authenticated> {
    const account = identifierKey(input.identifier);
    const attempt = await this.gate.enter({ ...input, method: 'password' }, () => {
      // Who brings a token of a device may have a place where others have none; whether it is theirs is still to be seen.
      if (input.deviceToken === undefined) this.passwords.checkRoom({ account });
    });
    const { owner, claim } = attempt;
    const { ownerHash, claimHash, changedAt } = await this.stored(owner?.id, claim?.id);
    // One hash for everybody, locked or not. Whoever registered an address knows that there is a claim on it, so the second
    // hash, made whether or not the address has an owner too, tells nothing about the owner.
    const work = { account, lane: attempt.isKnownDevice ? 'known' : 'other' } as const;
    const isOwner = await this.passwords.verify(password, ownerHash, work);
    const isClaimant = claim !== null && (await this.passwords.verify(password, claimHash, work));
    // A lock is looked at again where the session begins; here it must not come out quicker than a wrong password.
    if (isOwner && owner && maySignIn(owner) && !attempt.isLocked) {
      await this.passwords.upgrade(owner.id, password, ownerHash, work);
      return { attempt, userId: owner.id, changedAt };
    }
    if (isClaimant && !attempt.isClaimLocked) {
      // To the owner of the address, if there is one, it was a wrong password.
      await this.gate.refuse(attempt, 'email-not-verified');
      throw new EmailNotVerified();
    }
    throw await this.gate.refuse(attempt, 'wrong-proof');
  }

  private async stored(ownerId = NOBODY, claimId = NOBODY): Promise<Stored> {
    const found = await this.passwords.stored([ownerId, claimId]);
    const of = (id: string) => found.find(({ userId }) => userId === id);
    return { ownerHash: of(ownerId)?.hash, claimHash: of(claimId)?.hash, changedAt: of(ownerId)?.changedAt };
  }
}
