import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import type { UserEntity } from '../../users/user.entity.js';
import { Users } from '../../users/users.js';
import { Passwords } from '../passwords/passwords.js';
import { maySignIn, SignInGate } from '../sign-in/sign-in-gate.js';
import type { SignedInResponse } from '../sign-in/signed-in.response.js';
import { EmailNotVerified, InvalidCredentials } from '../sign-in/sign-in-errors.js';

interface Candidate {
  readonly user: UserEntity | null;
  readonly hash: string | undefined;
}

/** Signs in by email or username and password. */
@Injectable()
export class LoginService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: Users,
    private readonly passwords: Passwords,
    private readonly gate: SignInGate,
  ) {}

  /** @throws InvalidCredentials, EmailNotVerified, Busy */
  async login(identifier: string, password: string, context: RequestContext): Promise<SignedInResponse> {
    const { id } = await this.authenticate(identifier, password);
    return this.gate.admit(id, context);
  }

  /**
   * Who this is, without a session.
   * @throws InvalidCredentials, EmailNotVerified, Busy
   */
  async authenticate(identifier: string, password: string): Promise<UserEntity> {
    const { owner, claim } = await this.transactions.run((tx) => this.candidates(tx, identifier));
    // One hash for everybody. Whoever registered an address knows that there is a claim on it, so the second hash, made
    // whether or not the address has an owner too, tells nothing about the owner.
    const work = { account: identifier.toLowerCase() };
    const isOwner = await this.passwords.verify(password, owner.hash, work);
    const isClaimant = claim.user !== null && (await this.passwords.verify(password, claim.hash, work));
    if (isOwner && owner.user && maySignIn(owner.user)) {
      await this.passwords.upgrade(owner.user.id, password, owner.hash, work);
      return owner.user;
    }
    if (isClaimant) throw new EmailNotVerified();
    throw new InvalidCredentials();
  }

  private async candidates(tx: Transaction, identifier: string): Promise<{ owner: Candidate; claim: Candidate }> {
    if (!identifier.includes('@')) {
      const user = await this.users.byUsername(tx, identifier);
      const nobody = await this.withHash(tx, null);
      const found = await this.withHash(tx, user);
      return user?.pending ? { owner: nobody, claim: found } : { owner: found, claim: nobody };
    }
    return {
      owner: await this.withHash(tx, await this.users.ownerOf(tx, identifier)),
      claim: await this.withHash(tx, await this.users.newestClaim(tx, identifier)),
    };
  }

  private async withHash(tx: Transaction, user: UserEntity | null): Promise<Candidate> {
    return { user, hash: user ? await this.passwords.storedHash(tx, user.id) : undefined };
  }
}
