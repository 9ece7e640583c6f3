import { Injectable } from '@nestjs/common';
import { subjectOf } from '../auth/email-change/email-change-links.js';
import { UNLOCK_TOKEN_TTL_MS } from '../auth/lockout/lock-notices.js';
import { OneTimeTokens } from '../auth/one-time-tokens/one-time-tokens.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import type { Transaction } from '../database/transaction.js';
import type { TokenPurpose } from '../events/catalogue.js';
import { waitingContact } from '../users/decide-contacts.js';
import { mayConfirmEmailChange } from '../users/decide-credentials.js';
import type { UserEntity } from '../users/user.entity.js';
import { Users } from '../users/users.js';
import type { MailRow } from './mail-queue.js';
import { MailTemplates, type RenderedMail } from './mail-templates.js';
import { greetingName, plainName, strangersGreeting } from './greeting-name.js';
import { readableDuration } from './readable-duration.js';

/** The page behind each link. */
const PAGES: Readonly<Record<TokenPurpose, string>> = {
  'verify-email': '/auth/verify-email',
  invitation: '/auth/accept-invitation',
  'confirm-contact': '/auth/confirm-contact',
  'magic-link': '/auth/magic-link',
  'reset-password': '/auth/reset-password',
  'confirm-email-change': '/auth/confirm-email-change',
  unlock: '/auth/unlock',
};

/** Puts a mail together at the moment when it leaves: only then is its one-time token derived. */
@Injectable()
export class MailContents {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: Users,
    private readonly tokens: OneTimeTokens,
    private readonly templates: MailTemplates,
  ) {}

  /** Undefined when the mail is not needed any more. */
  async of(tx: Transaction, mail: MailRow): Promise<RenderedMail | undefined> {
    const user = await this.users.find(tx, mail.user_id);
    if (!user) return undefined;
    const { data, template } = mail;
    const shared = {
      greetingName: greetingName(user),
      requestedAt: data['requestedAt'] ?? '',
      requestedFrom: data['requestedFrom'] ?? null,
    };
    const changed = { greetingName: shared.greetingName, changedAt: data['changedAt'] ?? '' };
    const newEmail = data['newEmail'] ?? '';
    const { VERIFICATION_TOKEN_TTL, RESET_TOKEN_TTL, MAGIC_LINK_TTL } = this.settings;
    switch (template) {
      case 'already-registered':
        return this.templates.render(template, { ...shared, signInUrl: this.settings.PUBLIC_URL });
      case 'verify-email': {
        const link = await this.link(tx, user.id, template, VERIFICATION_TOKEN_TTL);
        return link && this.templates.render(template, { ...shared, ...link });
      }
      case 'reset-password': {
        const link = await this.link(tx, user.id, template, RESET_TOKEN_TTL);
        return link && this.templates.render(template, { ...shared, ...link });
      }
      case 'account-locked': {
        if (user.deletedAt !== null || user.suspendedAt !== null) return undefined;
        const link = await this.link(tx, user.id, 'unlock', UNLOCK_TOKEN_TTL_MS);
        return link && this.templates.render(template, { ...shared, ...link });
      }
      case 'magic-link': {
        const link = await this.link(tx, user.id, template, MAGIC_LINK_TTL);
        return link && this.templates.render(template, { ...shared, ...link });
      }
      case 'invitation':
        return this.invitation(tx, user, mail);
      case 'confirm-contact':
        return this.contactConfirmation(tx, user, mail);
      case 'confirm-email-change':
        return this.emailChange(tx, user, mail);
      case 'email-change-requested':
        return this.templates.render(template, { ...shared, newEmail });
      case 'email-changed':
        return this.templates.render(template, { ...changed, newEmail });
      case 'password-changed':
        return this.templates.render(template, { ...changed, changedFrom: data['changedFrom'] ?? null });
      case 'session-reused':
        return this.templates.render(template, shared);
      case 'sign-in-method-removed':
        return this.templates.render(template, { ...changed, methodName: data['methodName'] ?? '' });
      case 'webhook-disabled': {
        if (user.role !== 'ADMIN' || user.deletedAt !== null || user.suspendedAt !== null) return undefined;
        const known = {
          webhook: data['webhook'] ?? '',
          gone: data['gone'] ?? null,
          failingSince: data['failingSince'] ?? '',
          lastError: data['lastError'] ?? '',
          disabledAt: data['disabledAt'] ?? '',
        };
        return this.templates.render(template, { greetingName: shared.greetingName, ...known });
      }
    }
  }

  private async invitation(tx: Transaction, user: UserEntity, { data }: MailRow): Promise<RenderedMail | undefined> {
    const link = await this.link(tx, user.id, 'invitation', this.settings.INVITATION_TOKEN_TTL);
    if (!link) return undefined;
    const inviter = data['invitedBy'] ? await this.users.find(tx, data['invitedBy']) : null;
    return this.templates.render('invitation', {
      ...link,
      greetingName: greetingName(user),
      requestedAt: data['requestedAt'] ?? '',
      invitedBy: inviter && plainName(inviter),
    });
  }

  /** Nothing while the contact is gone or confirmed, or its user suspended or deleted: its link opens nothing then. */
  private async contactConfirmation(
    tx: Transaction,
    user: UserEntity,
    { data }: MailRow,
  ): Promise<RenderedMail | undefined> {
    const contactId = data['contactId'] ?? '';
    if (!waitingContact(user, contactId)) return undefined;
    const link = await this.link(tx, user.id, 'confirm-contact', this.settings.VERIFICATION_TOKEN_TTL, contactId);
    const requestedAt = data['requestedAt'] ?? '';
    return (
      link && this.templates.render('confirm-contact', { ...link, greetingName: strangersGreeting(user), requestedAt })
    );
  }

  /**
   * To the new address. Its owner, if it has one, is told instead, and this late, so that nothing that the user can see of the
   * mail says so. Its link opens nothing while the user is suspended or deleted.
   */
  private async emailChange(
    tx: Transaction,
    user: UserEntity,
    { data, recipient }: MailRow,
  ): Promise<RenderedMail | undefined> {
    if (!mayConfirmEmailChange(user)) return undefined;
    const ttl = this.settings.VERIFICATION_TOKEN_TTL;
    const link = await this.link(tx, user.id, 'confirm-email-change', ttl, subjectOf(recipient));
    if (!link) return undefined;
    const requestedAt = data['requestedAt'] ?? '';
    const owner = await this.users.ownerOf(tx, recipient);
    if (owner && owner.id !== user.id) {
      return this.templates.render('email-change-taken', { greetingName: greetingName(owner), requestedAt });
    }
    return this.templates.render('confirm-email-change', {
      ...link,
      greetingName: strangersGreeting(user),
      requestedAt,
    });
  }

  /** Undefined when it was used or withdrawn meanwhile. */
  private async link(
    tx: Transaction,
    userId: string,
    purpose: TokenPurpose,
    ttl: number,
    subject = '',
  ): Promise<{ link: string; expiresIn: string } | undefined> {
    const made = await this.tokens.forDelivery(tx, userId, purpose, ttl, subject);
    if (!made) return undefined;
    return {
      link: `${this.settings.PUBLIC_URL}${PAGES[purpose]}?token=${made.token}`,
      expiresIn: readableDuration(ttl),
    };
  }
}
