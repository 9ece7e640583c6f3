import { Injectable } from '@nestjs/common';
import { systemContext } from '../access/caller.js';
import type { Transaction } from '../database/transaction.js';
import { newTraceId } from '../config/trace-id.js';
import { InvalidCredentials } from './sign-in/sign-in-errors.js';
import { LoginService } from './login/login.service.js';
import { Passwords } from './passwords/passwords.js';

/** An accepted and hashed password, ready to be stored. */
export interface AcceptedPassword {
  readonly hash: string;
}

/** Password operations for embedding applications. Passwords go in and never come out. */
@Injectable()
export class Accounts {
  constructor(
    private readonly logins: LoginService,
    private readonly passwords: Passwords,
  ) {}

  /**
   * Checks a password by the rules of a sign-in, without starting a session: a wrong one counts towards a lockout, and a lockout
   * refuses the right one. Takes the time of a hash.
   * @param identifier email address or username
   * @returns the id of the user; undefined if they do not match, or the user may not sign in
   * @throws HashingOverloaded; EmailNotVerified for the correct password of an unconfirmed registration; SecondFactorRequired for
   * that of a user with a second factor, whom the password alone does not prove: `continueWith` is for `POST /auth/second-factor`
   */
  async verifyPassword(identifier: string, password: string): Promise<string | undefined> {
    try {
      return await this.logins.verify({ identifier, password, context: systemContext(newTraceId()) });
    } catch (error) {
      if (error instanceof InvalidCredentials) return undefined;
      throw error;
    }
  }

  /**
   * Checks a new password against the rules. Takes the time of a hash: call it before the transaction that stores it.
   * @param about the user, whose names the password must not consist of
   * @throws WeakPassword with the reason; HashingOverloaded
   */
  async accept(
    password: string,
    about: { readonly email?: string | null; readonly names?: readonly string[] } = {},
  ): Promise<AcceptedPassword> {
    return { hash: await this.passwords.accept(password, { email: about.email, names: about.names ?? [] }) };
  }

  /** Sets the password of a user created in this transaction. */
  async setFirst(tx: Transaction, userId: string, password: AcceptedPassword): Promise<void> {
    await this.passwords.set(tx, userId, password.hash);
  }
}
