import { Injectable } from '@nestjs/common';
import { Clock } from '../../config/clock.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { addressKey, identifierKey } from '../../users/identifiers.js';
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
  readonly hash: string | undefined;
}

/** Stands for whoever does not exist, so that there is something to look for. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Signs in by email or username and password. */
@Injectable()
export class LoginService {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly passwords: Passwords,
    private readonly gate: SignInGate,
    private readonly clock: Clock,
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
    const { hash: ownerHash, changedAt } = await this.stored(owner?.id ?? NOBODY);
    const claimed = await this.claimed(input.identifier, attempt);
    // One hash for everybody, locked or not. Whoever registered an address knows that there is a claim on it, so the second
    // hash, made whether or not the address has an owner and for all claims together, tells of nobody else. A claim answers as
    // it did for as long as it is kept, whoever claims or proves the address after it.
    const work = { account, lane: attempt.isKnownDevice ? 'known' : 'other' } as const;
    const isOwner = await this.passwords.verify(password, ownerHash, work);
    const isClaimant =
      (claim !== null || claimed.length > 0) && (await this.passwords.verifyAny(password, claimed, work));
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

  private async stored(userId: string): Promise<Stored> {
    const [found] = await this.passwords.stored([userId]);
    return { hash: found?.hash, changedAt: found?.changedAt };
  }

  /** Of the registration that has the username, or of all that claim the address or are what became of its owner. */
  private async claimed(identifier: string, { owner, claim }: EnteredAttempt): Promise<string[]> {
    const isYoung =
      owner !== null && this.clock.now().getTime() - owner.createdAt.getTime() < this.settings.PENDING_RETENTION;
    const one = claim ?? (isYoung ? owner : null);
    if (one === null) return [];
    return this.passwords.storedOfClaims(
      identifier.includes('@') ? { address: addressKey(identifier) } : { userId: one.id },
    );
  }
}
