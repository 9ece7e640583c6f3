import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEventOf } from '../../events/user-event.js';
import { requestContactConfirmation, waitingContact } from '../../users/aggregate/decide-contacts.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import { AddressThrottle } from '../one-time-tokens/address-throttle.js';

// The recipient may be a stranger and must not learn the user's origin.
const NOWHERE = { ip: null, userAgent: null } as const;

/** Creates confirmation links for added contacts and on request; Mail sends them after commit. */
@Injectable()
export class ContactConfirmationLinks {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly throttle: AddressThrottle,
  ) {}

  @OnUserEvent('user.contact_added')
  async added({ userId, data, ...by }: UserEventOf<'user.contact_added'>, tx: Transaction): Promise<void> {
    await this.sendIfDue(tx, userId, data.contactId, by);
  }

  @OnUserEvent('user.contact_removed')
  async removed({ userId, data }: UserEventOf<'user.contact_removed'>, tx: Transaction): Promise<void> {
    await this.tokens.revoke(tx, userId, 'confirm-contact', data.contactId, 'pointless');
  }

  /** Does nothing unless the contact is waiting for confirmation, or if its address got a mail within the last minute. */
  async sendIfDue(
    tx: Transaction,
    userId: string,
    contactId: string,
    { actor, traceId }: Pick<RequestContext, 'actor' | 'traceId'>,
  ): Promise<void> {
    const user = await this.users.find(tx, userId);
    const contact = user && waitingContact(user, contactId);
    if (!contact) return;
    const asked = { mail: 'contact', email: contact.value, subject: contactId } as const;
    if (!(await this.throttle.take(tx, asked, { actor }))) return;
    const ttl = this.settings.VERIFICATION_TOKEN_TTL;
    const expiresAt = await this.tokens.issue(tx, userId, 'confirm-contact', ttl, NOWHERE, contactId);
    await this.users.change(tx, userId, (state) => requestContactConfirmation(state, contactId, expiresAt), {
      actor,
      traceId,
      ...NOWHERE,
    });
  }
}
