import { Injectable } from '@nestjs/common';
import { OneTimeTokens } from '../auth/one-time-tokens/one-time-tokens.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import type { Transaction } from '../database/transaction.js';
import { OnUserEvent } from '../events/handlers.js';
import type { UserEvent, UserEventOf } from '../events/user-event.js';
import { describeOrigin } from '../http/device.js';
import { readableTime } from '../http/pages.js';
import { waitingContact } from '../users/decide-contacts.js';
import { Users } from '../users/users.js';
import { MailQueue } from './mail-queue.js';

type LinkDue = UserEventOf<'user.verification_token.created'>;

/** Which event is an occasion for which mail, and to whom. */
@Injectable()
export class MailOccasions {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: Users,
    private readonly tokens: OneTimeTokens,
    private readonly queue: MailQueue,
  ) {}

  @OnUserEvent('user.password_reset.requested')
  async passwordReset(event: UserEventOf<'user.password_reset.requested'>, tx: Transaction): Promise<void> {
    await this.linkToOwnAddress(event, tx, 'reset-password', this.settings.RESET_TOKEN_TTL);
  }

  @OnUserEvent('user.verification_token.created')
  async linkDue(event: LinkDue, tx: Transaction): Promise<void> {
    switch (event.data.purpose) {
      case 'verify-email':
        return this.verificationDue(event, tx);
      case 'invitation':
        return this.invitationDue(event, tx);
      case 'confirm-contact':
        return this.contactConfirmationDue(event, tx);
      case 'magic-link':
        return this.linkToOwnAddress(event, tx, 'magic-link', this.settings.MAGIC_LINK_TTL);
    }
  }

  /** To whoever registered, or to the owner when the address is taken: the work is the same. */
  private async verificationDue(event: LinkDue, tx: Transaction): Promise<void> {
    const claim = await this.users.find(tx, event.userId);
    if (!claim?.email) return;
    const owner = await this.users.ownerOf(tx, claim.email);
    const link = await this.tokens.forDelivery(tx, claim.id, event.data.purpose, this.settings.VERIFICATION_TOKEN_TTL);
    await this.queue.add(tx, {
      userId: owner?.id ?? claim.id,
      template: owner ? 'already-registered' : 'verify-email',
      recipient: owner?.email ?? claim.email,
      traceId: event.traceId,
      data: {
        requestedAt: readableTime(link?.requestedAt ?? event.occurredAt),
        requestedFrom: describeOrigin(link?.requestedUserAgent ?? null, link?.requestedIp ?? null),
      },
    });
  }

  private async linkToOwnAddress(
    { userId, traceId, occurredAt }: UserEvent,
    tx: Transaction,
    purpose: 'magic-link' | 'reset-password',
    ttl: number,
  ): Promise<void> {
    const user = await this.users.find(tx, userId);
    if (!user?.email) return;
    const link = await this.tokens.forDelivery(tx, userId, purpose, ttl);
    await this.queue.add(tx, {
      userId,
      template: purpose,
      recipient: user.email,
      traceId,
      data: {
        requestedAt: readableTime(occurredAt),
        requestedFrom: describeOrigin(link?.requestedUserAgent ?? null, link?.requestedIp ?? null),
      },
    });
  }

  private async invitationDue(event: LinkDue, tx: Transaction): Promise<void> {
    const invited = await this.users.find(tx, event.userId);
    if (!invited?.email) return;
    await this.queue.add(tx, {
      userId: invited.id,
      template: 'invitation',
      recipient: invited.email,
      traceId: event.traceId,
      // By id: a name would outlive its owner's erasure here.
      data: {
        requestedAt: readableTime(event.occurredAt),
        invitedBy: event.actor.kind === 'user' ? event.actor.id : null,
      },
    });
  }

  /** To the contact itself, which need not be the user's own. */
  private async contactConfirmationDue({ userId, data, traceId, occurredAt }: LinkDue, tx: Transaction): Promise<void> {
    const { contactId } = data;
    const user = await this.users.find(tx, userId);
    const contact = user && contactId !== undefined ? waitingContact(user, contactId) : undefined;
    if (!contact) return;
    await this.queue.add(tx, {
      userId,
      template: 'confirm-contact',
      recipient: contact.value,
      traceId,
      data: { requestedAt: readableTime(occurredAt), contactId: contact.id },
    });
  }
}
