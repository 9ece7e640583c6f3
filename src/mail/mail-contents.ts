import { Injectable } from '@nestjs/common';
import { subjectOf } from '../auth/email-change/email-change-links.js';
import { OneTimeTokens } from '../auth/one-time-tokens/one-time-tokens.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import type { Transaction } from '../database/transaction.js';
import type { TokenPurpose } from '../events/catalogue.js';
import { Duration } from '../http/readable.js';
import { waitingContact } from '../users/decide-contacts.js';
import { mayConfirmEmailChange } from '../users/decide-credentials.js';
import type { UserEntity } from '../users/user.entity.js';
import { Users } from '../users/users.js';
import { greetingName, plainName, strangersGreeting } from './greeting-name.js';
import { linkLife } from './link-life.js';
import type { MailRow, QueuedTemplate } from './mail-queue.js';
import { MailTemplates, type RenderedMail } from './mail-templates.js';

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

/** The link that a mail has; the others have none. */
const LINKS: Readonly<Partial<Record<QueuedTemplate, TokenPurpose>>> = {
  'verify-email': 'verify-email',
  invitation: 'invitation',
  'confirm-contact': 'confirm-contact',
  'magic-link': 'magic-link',
  'reset-password': 'reset-password',
  'confirm-email-change': 'confirm-email-change',
  'account-locked': 'unlock',
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
    if (!user || !isStillDue(mail, user)) return undefined;
    const purpose = LINKS[mail.template];
    const link = purpose && (await this.link(tx, user.id, purpose, subjectOfLink(mail)));
    if (purpose && !link) return undefined;
    const owner = mail.template === 'confirm-email-change' ? await this.users.ownerOf(tx, mail.recipient) : null;
    if (owner && owner.id !== user.id) return this.emailChangeTaken(mail, owner);
    const values = {
      ...told(mail),
      ...link,
      greetingName: isForStrangers(mail) ? strangersGreeting(user) : greetingName(user),
      ...(mail.template === 'invitation' && { invitedBy: await this.nameOf(tx, mail.data['invitedBy']) }),
      signInUrl: this.settings.PUBLIC_URL,
      keptFor: new Duration(this.settings.DELETED_RETENTION),
    };
    // What was told fits the template, which the list of occasions has seen to; a mail of another release may still lack something.
    return this.templates.render(mail.template, values as never, user.locale);
  }

  /**
   * To the owner of the new address, if it has one, in place of its link. Only now, so that nothing that the user can see of
   * the mail says so.
   */
  private emailChangeTaken(mail: MailRow, owner: UserEntity): RenderedMail {
    const values = { ...told(mail), greetingName: greetingName(owner) };
    return this.templates.render('email-change-taken', values as never, owner.locale);
  }

  private async nameOf(tx: Transaction, id: string | null | undefined): Promise<string | null> {
    const user = id ? await this.users.find(tx, id) : null;
    return user && plainName(user);
  }

  /** Undefined when it was used or withdrawn meanwhile. */
  private async link(
    tx: Transaction,
    userId: string,
    purpose: TokenPurpose,
    subject: string,
  ): Promise<{ link: string; expiresIn: Duration } | undefined> {
    const life = linkLife(purpose, this.settings);
    const made = await this.tokens.forDelivery(tx, userId, purpose, life, subject);
    if (!made) return undefined;
    return {
      link: `${this.settings.PUBLIC_URL}${PAGES[purpose]}?token=${made.token}`,
      expiresIn: new Duration(life),
    };
  }
}

/** Not while its link opens nothing: the contact is gone or confirmed, or the user suspended or deleted. */
function isStillDue({ template, data }: MailRow, user: UserEntity): boolean {
  switch (template) {
    case 'account-locked':
      return user.deletedAt === null && user.suspendedAt === null;
    case 'confirm-contact':
      return waitingContact(user, data['contactId'] ?? '') !== undefined;
    case 'webhook-disabled':
      return user.role === 'ADMIN' && user.deletedAt === null && user.suspendedAt === null;
    case 'confirm-email-change':
      return mayConfirmEmailChange(user);
    default:
      return true;
  }
}

/** What its link is about, where a user can have several of the kind. */
function subjectOfLink({ template, data, recipient }: MailRow): string {
  if (template === 'confirm-contact') return data['contactId'] ?? '';
  return template === 'confirm-email-change' ? subjectOf(recipient) : '';
}

function isForStrangers({ template }: MailRow): boolean {
  return template === 'confirm-contact' || template === 'confirm-email-change';
}

/** What was written down with the mail, with its times as times; a release before wrote them for people. */
function told({ data, created_at: created }: MailRow): Record<string, string | Date | null> {
  const values = Object.entries(data).map(([name, value]): [string, string | Date | null] => {
    if (!/(At|Since)$/.test(name) || value === null) return [name, value];
    const time = new Date(value);
    return [name, Number.isNaN(time.getTime()) ? created : time];
  });
  return Object.fromEntries(values);
}
