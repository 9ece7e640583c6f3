import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { UsernameTaken } from '../../users/aggregate/user-errors.js';
import { UserStore } from '../../users/store/user-store.js';
import { Passwords } from '../passwords/passwords.js';
import { VerificationLinks } from '../verification/verification-links.js';
import { RegistrationHandlers } from './before-registration.js';
import type { RegisterDto } from './register.dto.js';

/** Registers users. See "The one path to know" in docs/architecture.md. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly passwords: Passwords,
    private readonly links: VerificationLinks,
    private readonly handlers: RegistrationHandlers,
  ) {}

  /**
   * Creates a pending user with its own password and link, whether or not the address is taken or claimed by others: the same work
   * and the same response in all cases (OWASP ASVS 5.0 V6.3.8).
   * @returns the id of the pending user, which tells nothing of others who have the address
   * @throws UsernameTaken, WeakPassword, InvalidUsername; RefusedByHandler; HashingOverloaded
   */
  async register(input: RegisterDto, context: RequestContext): Promise<string> {
    await this.handlers.callWith(input, context);
    const { email, password, username, firstName, lastName, nickname, locale } = input;
    if (username != null) await this.transactions.run((tx) => this.refuseTakenUsername(tx, username));
    const names = [username, firstName, lastName, nickname];
    const address = addressKey(email);
    const hash = await this.passwords.accept(password, { email, names }, { account: address }, address);
    return this.transactions.run(async (tx) => {
      // Serialises with concurrent confirmations and registrations of this address, before any row is touched.
      await lock(tx, `address:${address}`);
      const user = await this.users.create(
        tx,
        {
          email,
          username: username ?? null,
          firstName: firstName ?? null,
          lastName: lastName ?? null,
          nickname: nickname ?? null,
          locale: locale ?? null,
          role: 'AUTHENTICATED',
          how: 'registration',
        },
        context,
      );
      await this.passwords.set(tx, user.id, hash);
      await this.links.send(tx, { id: user.id, email }, context, true);
      return user.id;
    });
  }

  /** Before hashing; the unique index decides between concurrent requests. */
  private async refuseTakenUsername(tx: Transaction, username: string): Promise<void> {
    if (await this.users.byUsername(tx, username)) throw new UsernameTaken();
  }
}
