import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import { addressKey, identifierKey } from '../../users/aggregate/identifiers.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { ClaimPasswords } from '../passwords/claim-passwords.js';
import { Passwords } from '../passwords/passwords.js';
import { type Credentials, isPasswordOf } from '../sign-in/credentials.js';
import type { EnteredAttempt, SignInAttempt } from '../sign-in/sign-in-attempt.js';
import { InvalidCredentials } from '../sign-in/sign-in-errors.js';
import { SignInGate } from '../sign-in/sign-in-gate.js';
import { maySignIn } from '../sign-in/sign-in-outcomes.js';
import type { SignedInResponse } from '../sessions/signed-in.response.js';
import { ImportedSignIns } from './imported-sign-ins.js';

type PasswordAttempt = Omit<SignInAttempt, 'method' | 'amr'> & {
  readonly identifier: string;
  readonly password: string;
};

interface Authenticated {
  readonly attempt: EnteredAttempt;
  readonly userId: string;
  /** When the verified password was set. */
  readonly changedAt: Date | undefined;
  /** Also compares with the hashes of claims, as for a wrong password. */
  readonly isClaimant: () => Promise<boolean>;
}

/** Signs in by email or username and password. */
@Injectable()
export class LoginService {
  constructor(
    private readonly passwords: Passwords,
    private readonly claims: ClaimPasswords,
    private readonly gate: SignInGate,
    private readonly imported: ImportedSignIns,
  ) {}

  /** @throws InvalidCredentials, EmailNotVerified, TooManyRequests, HashingOverloaded */
  async login(input: PasswordAttempt): Promise<SignedInResponse> {
    const found = await this.authenticate(input);
    return this.settled(found, this.gate.admit(found.attempt, found.userId, isStillPasswordOf(found)));
  }

  /**
   * Authenticates by all the rules of a sign-in, without a session.
   * @throws InvalidCredentials, EmailNotVerified, HashingOverloaded
   */
  async verify(input: PasswordAttempt): Promise<string> {
    const found = await this.authenticate(input);
    await this.settled(found, this.gate.confirm(found.attempt, found.userId, isStillPasswordOf(found)));
    return found.userId;
  }

  /** Late refusals of the gate take as long as a wrong password, which is also compared with claims. */
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
    const attempt = await this.gate.enter({ ...input, method: 'password', amr: ['pwd'] }, () => {
      // A device token may secure a place in the queue; whether it belongs to this user is checked later.
      if (input.deviceToken === undefined) this.passwords.checkRoom({ account });
    });
    const { owner, claim } = attempt;
    const { own, areClaimed, ofClaims } = await this.claims.typed({
      ownerId: owner?.id,
      of: input.identifier.includes('@') ? { address: addressKey(input.identifier) } : { userId: (claim ?? owner)?.id },
    });
    // One hash for everybody, locked or not. The second hash, for a wrong password, covers all claims together and is computed
    // with or without an owner. It reveals only that somebody registered the address, which the creator of a claim knows anyway: it
    // is computed for as long as a claim is kept, with the same result, even after others claim or confirm the address.
    const work = { account, lane: attempt.isKnownDevice ? 'known' : 'other' } as const;
    const isClaimant = async () => areClaimed && (await this.passwords.verifyAny(password, ofClaims, work));
    const isOwner = await this.passwords.verify(password, own?.hash, work);
    // Lockouts are checked again when the session starts; here they must not respond faster than a wrong password.
    if (isOwner && owner && maySignIn(owner) && !attempt.isLocked) {
      await this.passwords.upgrade(owner.id, password, own?.hash, work);
      return { attempt, userId: owner.id, changedAt: own?.changedAt, isClaimant };
    }
    if (owner && own === undefined && maySignIn(owner) && !attempt.isLocked) {
      const changedAt = await this.imported.adopt(owner, password, work);
      if (changedAt) return { attempt, userId: owner.id, changedAt, isClaimant };
      this.imported.offerPassword(owner, attempt.context);
    }
    // For the owner of the address, if any, it still counts as a wrong password.
    const isTold = (await isClaimant()) && !attempt.isClaimLocked;
    throw await this.gate.refuse(attempt, isTold ? 'email-not-verified' : 'wrong-proof');
  }
}

/** Its replacement may have been committed while it was compared. */
const isStillPasswordOf =
  ({ changedAt }: Authenticated) =>
  (_tx: Transaction, _user: UserEntity, credentials: Credentials): boolean =>
    isPasswordOf(credentials, changedAt);
