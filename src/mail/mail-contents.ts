import { Injectable } from '@nestjs/common';
import { UNLOCK_TOKEN_TTL_MS } from '../auth/lockout/lock-notices.js';
import { OneTimeTokens } from '../auth/one-time-tokens/one-time-tokens.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import type { Transaction } from '../database/transaction.js';
import { waitingContact } from '../users/decide-contacts.js';
import type { UserEntity } from '../users/user.entity.js';
import { Users } from '../users/users.js';
import type { MailRow } from './mail-queue.js';
import { MailTemplates, type RenderedMail } from './mail-templates.js';
import { greetingName, plainName } from './greeting-name.js';
import { readableDuration } from './readable-duration.js';

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
    const shared = {
      greetingName: greetingName(user),
      requestedAt: mail.data['requestedAt'] ?? '',
      requestedFrom: mail.data['requestedFrom'] ?? null,
    };
    switch (mail.template) {
      case 'already-registered':
        return this.templates.render(mail.template, { ...shared, signInUrl: this.settings.PUBLIC_URL });
      case 'verify-email': {
        const ttl = this.settings.VERIFICATION_TOKEN_TTL;
        const link = await this.tokens.forDelivery(tx, user.id, 'verify-email', ttl);
        if (!link) return undefined;
        return this.templates.render(mail.template, {
          ...shared,
          link: `${this.settings.PUBLIC_URL}/auth/verify-email?token=${link.token}`,
          expiresIn: readableDuration(ttl),
        });
      }
      case 'invitation': {
        const ttl = this.settings.INVITATION_TOKEN_TTL;
        const link = await this.tokens.forDelivery(tx, user.id, 'invitation', ttl);
        if (!link) return undefined;
        const inviter = mail.data['invitedBy'] ? await this.users.find(tx, mail.data['invitedBy']) : null;
        return this.templates.render(mail.template, {
          greetingName: shared.greetingName,
          requestedAt: shared.requestedAt,
          invitedBy: inviter && plainName(inviter),
          link: `${this.settings.PUBLIC_URL}/auth/accept-invitation?token=${link.token}`,
          expiresIn: readableDuration(ttl),
        });
      }
      case 'account-locked': {
        const link = await this.tokens.forDelivery(tx, user.id, 'unlock', UNLOCK_TOKEN_TTL_MS);
        if (!link || user.deletedAt !== null || user.suspendedAt !== null) return undefined;
        return this.templates.render(mail.template, {
          ...shared,
          link: `${this.settings.PUBLIC_URL}/auth/unlock?token=${link.token}`,
          expiresIn: readableDuration(UNLOCK_TOKEN_TTL_MS),
        });
      }
      case 'confirm-contact':
        return this.contactConfirmation(tx, user, mail);
    }
  }

  /** Nothing while the contact is gone or confirmed, or its user suspended or deleted: its link opens nothing then. */
  private async contactConfirmation(
    tx: Transaction,
    user: UserEntity,
    { data }: MailRow,
  ): Promise<RenderedMail | undefined> {
    const contactId = data['contactId'] ?? '';
    if (!waitingContact(user, contactId)) return undefined;
    const ttl = this.settings.VERIFICATION_TOKEN_TTL;
    const link = await this.tokens.forDelivery(tx, user.id, 'confirm-contact', ttl, contactId);
    if (!link) return undefined;
    return this.templates.render('confirm-contact', {
      // Whoever reads it may be a stranger, even if the user has proved another address.
      greetingName: greetingName({ firstName: user.firstName, nickname: user.nickname, emailVerified: false }),
      requestedAt: data['requestedAt'] ?? '',
      link: `${this.settings.PUBLIC_URL}/auth/confirm-contact?token=${link.token}`,
      expiresIn: readableDuration(ttl),
    });
  }
}
