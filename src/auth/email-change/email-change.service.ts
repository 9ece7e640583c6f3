import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import { confirmEmailChange, mayConfirmEmailChange } from '../../users/aggregate/decide-credentials.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { EmailTaken, NothingToConfirm } from '../../users/aggregate/user-errors.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import type { TokenDetails } from '../one-time-tokens/token-rows.js';
import { rethrowAlreadyConfirmed } from '../one-time-tokens/token-expired-or-used.js';
import { DomainError } from '../../problems/domain-error.js';
import { Sessions } from '../sessions/sessions.js';
import { addressOf } from './email-change-links.js';
import { type EmailChangeLink, EmailChangeProofs, type GivenProof } from './email-change-proofs.js';

/** Shown to the reader of that mailbox, so it must not disclose anything about a stranger. */
export class AddressGivenAway extends DomainError {
  readonly code = 'token-expired-or-used';
  constructor() {
    super('This link is no longer valid: the address now belongs to another account.');
  }
}

/** A new address takes effect once it is confirmed. */
@Injectable()
export class EmailChangeService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly sessions: Sessions,
    private readonly proofs: EmailChangeProofs,
  ) {}

  /**
   * Returns the user and address of a valid link without using it.
   * @throws TokenExpiredOrUsed, NothingToConfirm
   */
  async findLink(token: string): Promise<EmailChangeLink> {
    return this.transactions.run(async (tx) => {
      const details = await this.tokens.peek(tx, token, 'confirm-email-change');
      const user = await this.users.find(tx, details.userId);
      if (!user || !mayConfirmEmailChange(user)) throw new NothingToConfirm();
      const isAskedByAdmin = details.newPasswordRequired;
      const newPasswordRequired = isAskedByAdmin || !user.emailVerified;
      return { ...details, user, newEmail: addressOf(details.subject), isAskedByAdmin, newPasswordRequired };
    });
  }

  /**
   * Ends every other link, as those mailed to the old address may now be read by a stranger, and every session except the one that
   * requested or confirms the change: it has proven the password, while others may be a stranger's. With a new password, every
   * session ends. Registrations that claim the new address are removed.
   * @returns the user of the link
   * @throws TokenExpiredOrUsed, AlreadyConfirmed, NothingToConfirm, AddressGivenAway; NotWhoAsked, WrongCurrentPassword,
   *   NewPasswordRequired, WeakPassword, after which the link stays valid; RefusedByHandler; HashingOverloaded
   */
  async confirm(token: string, given: GivenProof, context: RequestContext): Promise<TokenDetails> {
    return this.use(token, given, context).catch(rethrowAlreadyConfirmed);
  }

  private async use(token: string, given: GivenProof, context: RequestContext): Promise<TokenDetails> {
    const proof = await this.proofs.of(await this.findLink(token), given, context);
    return this.transactions.run(async (tx) => {
      const { userId, subject } = await this.tokens.peek(tx, token, 'confirm-email-change');
      const newEmail = addressOf(subject);
      // Serialises with concurrent confirmations of this address.
      await lock(tx, `address:${addressKey(newEmail)}`);
      const user = await this.users.lockForUpdate(tx, userId);
      const details = await this.tokens.consume(tx, token, 'confirm-email-change');
      await this.proofs.check(tx, proof, details, user);
      await this.tokens.revokeAll(tx, userId);
      await this.apply(tx, userId, newEmail, context);
      const own = given.caller?.userId === userId ? given.caller.sessionId : undefined;
      const goesOn = own ?? details.requestedSessionId ?? undefined;
      await this.sessions.endAll(tx, userId, 'email-changed', goesOn, context);
      await this.proofs.settle(tx, proof, userId, context, user?.emailVerified === true);
      return details;
    });
  }

  private async apply(tx: Transaction, userId: string, newEmail: string, context: RequestContext): Promise<void> {
    try {
      await this.users.change(tx, userId, (state) => confirmEmailChange(state, newEmail), context);
    } catch (error) {
      if (error instanceof EmailTaken) throw new AddressGivenAway();
      throw error;
    }
  }
}
