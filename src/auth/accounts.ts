import { Injectable } from '@nestjs/common';
import { systemContext } from '../access/caller.js';
import type { Transaction } from '../database/transaction.js';
import { newTraceId } from '../config/trace-id.js';
import { InvalidCredentials } from './sign-in/sign-in-errors.js';
import { LoginService } from './login/login.service.js';
import { Passwords } from './passwords/passwords.js';

/** A password that was accepted and hashed, to be stored. */
export interface AcceptedPassword {
  readonly hash: string;
}

/** What an embedding application does with passwords. They go in and never come out. */
@Injectable()
export class Accounts {
  constructor(
    private readonly logins: LoginService,
    private readonly passwords: Passwords,
  ) {}

  /**
   * Checks a password by the rules of a sign-in, without starting a session: a wrong one counts towards a lock, and a lock
   * refuses the right one. Takes the time of a hash.
   * @param identifier email address or username
   * @returns the id of the user; undefined when they do not match, or when the user may not sign in
   * @throws HashingOverloaded when more is asked for than can be done; EmailNotVerified for the right password of a registration whose address is not proved
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
   * @param about the user whose it will be: a password is not made of their names
   * @throws WeakPassword with the reason; HashingOverloaded
   */
  async accept(
    password: string,
    about: { readonly email?: string | null; readonly names?: readonly string[] } = {},
  ): Promise<AcceptedPassword> {
    return { hash: await this.passwords.accept(password, { email: about.email, names: about.names ?? [] }) };
  }

  /** Gives a password to a user that was made in this transaction. */
  async setFirst(tx: Transaction, userId: string, password: AcceptedPassword): Promise<void> {
    await this.passwords.set(tx, userId, password.hash);
  }
}
