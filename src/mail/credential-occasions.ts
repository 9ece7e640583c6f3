import { Injectable } from '@nestjs/common';
import { subjectOf } from '../auth/email-change/email-change-links.js';
import { SignInMethods } from '../auth/methods/sign-in-methods.js';
import { OneTimeTokens } from '../auth/one-time-tokens/one-time-tokens.js';
import { Passwords } from '../auth/passwords/passwords.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import type { Transaction } from '../database/transaction.js';
import { OnUserEvent } from '../events/handlers.js';
import type { UserEvent, UserEventOf } from '../events/user-event.js';
import { describeOrigin } from '../http/device.js';
import { readableTime } from '../http/pages.js';
import { Users } from '../users/users.js';
import { MailQueue, type QueuedTemplate } from './mail-queue.js';

/** Tells people what changed about how they sign in, so that somebody else's doing does not go unseen (ASVS 5.0 V6.3.7). */
@Injectable()
export class CredentialOccasions {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: Users,
    private readonly tokens: OneTimeTokens,
    private readonly passwords: Passwords,
    private readonly methods: SignInMethods,
    private readonly queue: MailQueue,
  ) {}

  @OnUserEvent('user.password_changed', 'user.password_reset.completed')
  async passwordChanged(event: UserEvent, tx: Transaction): Promise<void> {
    const { ip, userAgent } = await this.passwords.changedFrom(tx, event.userId);
    await this.tell(tx, event, 'password-changed', { changedFrom: describeOrigin(userAgent, ip) });
  }

  @OnUserEvent('user.authenticator_removed')
  async methodRemoved(event: UserEventOf<'user.authenticator_removed'>, tx: Transaction): Promise<void> {
    const method = this.methods.all().find(({ id }) => id === event.data.kind);
    await this.tell(tx, event, 'sign-in-method-removed', { methodName: method?.offer().label ?? event.data.kind });
  }

  /** To the new address, and at once to the one that the account has. */
  @OnUserEvent('user.email_change_requested')
  async emailChangeRequested(event: UserEventOf<'user.email_change_requested'>, tx: Transaction): Promise<void> {
    const { userId, traceId, actor, data } = event;
    const requestedAt = readableTime(event.occurredAt);
    const recipient = data.newEmail;
    await this.queue.add(tx, { userId, template: 'confirm-email-change', recipient, traceId, data: { requestedAt } });
    const ttl = this.settings.VERIFICATION_TOKEN_TTL;
    const link = await this.tokens.forDelivery(tx, userId, 'confirm-email-change', ttl, subjectOf(recipient));
    const isSelf = actor.kind === 'user' && actor.id === userId;
    await this.tell(tx, event, 'email-change-requested', {
      newEmail: recipient,
      requestedAt,
      // Where an admin works is nobody else's business.
      requestedFrom: isSelf
        ? describeOrigin(link?.requestedUserAgent ?? null, link?.requestedIp ?? null)
        : 'an administrator',
    });
  }

  /** To the address that the account had. */
  @OnUserEvent('user.email_changed')
  async emailChanged(event: UserEventOf<'user.email_changed'>, tx: Transaction): Promise<void> {
    const { email, previousEmail } = event.data;
    await this.tell(tx, event, 'email-changed', { newEmail: email }, previousEmail);
  }

  private async tell(
    tx: Transaction,
    { userId, traceId, occurredAt }: UserEvent,
    template: QueuedTemplate,
    data: Record<string, string | null>,
    to?: string | null,
  ): Promise<void> {
    const recipient = to === undefined ? (await this.users.find(tx, userId))?.email : to;
    if (!recipient) return;
    const changedAt = readableTime(occurredAt);
    await this.queue.add(tx, { userId, template, recipient, traceId, data: { changedAt, ...data } });
  }
}
