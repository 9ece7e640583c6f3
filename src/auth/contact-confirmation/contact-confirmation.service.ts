import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { confirmContact, contactOf, waitingContact } from '../../users/aggregate/decide-contacts.js';
import { type ActionRequest, UserActions } from '../../users/api/user-actions.js';
import { UserStore } from '../../users/store/user-store.js';
import { NothingToConfirm } from '../../users/aggregate/user-errors.js';
import { rethrowAlreadyConfirmed } from '../one-time-tokens/token-expired-or-used.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import type { TokenDetails } from '../one-time-tokens/token-rows.js';
import { ContactConfirmationLinks } from './contact-confirmation-links.js';

/**
 * Confirms the further addresses of users. Unlike the link of a registration it claims no address and gives no right to sign
 * in: several users may have confirmed the same contact, and who owns it as an identity stays as it is.
 */
@Injectable()
export class ContactConfirmationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly acts: UserActions,
    private readonly tokens: OneTimeTokens,
    private readonly links: ContactConfirmationLinks,
  ) {}

  /** Says whether a link is still good, and for which address; uses nothing. @throws TokenExpiredOrUsed, NothingToConfirm */
  async findLink(token: string): Promise<TokenDetails & { readonly address: string }> {
    return this.transactions.run(async (tx) => {
      const details = await this.tokens.peek(tx, token, 'confirm-contact');
      const user = await this.users.find(tx, details.userId);
      const contact = user && waitingContact(user, details.subject);
      if (!contact) throw new NothingToConfirm();
      return { ...details, address: contact.value };
    });
  }

  /** @returns whom the link was for @throws TokenExpiredOrUsed, AlreadyConfirmed, NothingToConfirm; RefusedByHandler */
  async confirm(token: string, context: RequestContext): Promise<TokenDetails> {
    return this.transactions.run((tx) => this.use(tx, token, context)).catch(rethrowAlreadyConfirmed);
  }

  private async use(tx: Transaction, token: string, context: RequestContext): Promise<TokenDetails> {
    const { userId, subject } = await this.tokens.peek(tx, token, 'confirm-contact');
    // The user before its token, as a request for a fresh link locks them.
    await this.users.lockForUpdate(tx, userId);
    const details = await this.tokens.consume(tx, token, 'confirm-contact');
    await this.users.change(tx, userId, (state) => confirmContact(state, subject), context);
    return details;
  }

  /** A fresh link, if the contact waits for one. @throws Forbidden, UserNotFound, ContactNotFound, PreconditionFailed */
  async resend(act: Omit<ActionRequest, 'action'>, contactId: string): Promise<void> {
    await this.acts.perform(
      { ...act, action: 'addContact' },
      (state) => {
        contactOf(state, contactId);
        return [];
      },
      (tx) => this.links.sendIfDue(tx, act.id, contactId, act.context),
    );
  }
}
