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
 * Confirms additional addresses of users. Unlike a registration link, this neither claims the address nor allows signing in with
 * it: several users may confirm the same contact, and the owner of the identity address does not change.
 */
@Injectable()
export class ContactConfirmationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly actions: UserActions,
    private readonly tokens: OneTimeTokens,
    private readonly links: ContactConfirmationLinks,
  ) {}

  /** Returns the address of a valid link without using it. @throws TokenExpiredOrUsed, NothingToConfirm */
  async findLink(token: string): Promise<TokenDetails & { readonly address: string }> {
    return this.transactions.run(async (tx) => {
      const details = await this.tokens.peek(tx, token, 'confirm-contact');
      const user = await this.users.find(tx, details.userId);
      const contact = user && waitingContact(user, details.subject);
      if (!contact) throw new NothingToConfirm();
      return { ...details, address: contact.value };
    });
  }

  /** @returns the user of the link @throws TokenExpiredOrUsed, AlreadyConfirmed, NothingToConfirm; RefusedByHandler */
  async confirm(token: string, context: RequestContext): Promise<TokenDetails> {
    return this.transactions.run((tx) => this.use(tx, token, context)).catch(rethrowAlreadyConfirmed);
  }

  private async use(tx: Transaction, token: string, context: RequestContext): Promise<TokenDetails> {
    const { userId, subject } = await this.tokens.peek(tx, token, 'confirm-contact');
    // In the common lock order: the user, then its token.
    await this.users.lockForUpdate(tx, userId);
    const details = await this.tokens.consume(tx, token, 'confirm-contact');
    await this.users.change(tx, userId, (state) => confirmContact(state, subject), context);
    return details;
  }

  /** Sends a new link if the contact is waiting for confirmation. @throws Forbidden, UserNotFound, ContactNotFound, PreconditionFailed */
  async resend(act: Omit<ActionRequest, 'action'>, contactId: string): Promise<void> {
    await this.actions.perform(
      { ...act, action: 'addContact' },
      (state) => {
        contactOf(state, contactId);
        return [];
      },
      (tx) => this.links.sendIfDue(tx, act.id, contactId, act.context),
    );
  }
}
