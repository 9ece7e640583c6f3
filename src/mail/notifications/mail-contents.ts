import { Injectable } from '@nestjs/common';
import { subjectOf } from '../../auth/email-change/email-change-links.js';
import { linkAddress } from '../../auth/one-time-tokens/link-addresses.js';
import { OneTimeTokens } from '../../auth/one-time-tokens/one-time-tokens.js';
import { Clock } from '../../config/clock.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import type { TokenPurpose } from '../../events/catalogue.js';
import { Duration } from '../../rendering/formats.js';
import { waitingContact } from '../../users/aggregate/decide-contacts.js';
import { accountName, maskedAddress, plainName } from '../../users/aggregate/account-name.js';
import { mayConfirmEmailChange } from '../../users/aggregate/decide-credentials.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { Deletions } from '../../users/erasure/deletions.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { greetingName, strangersGreeting } from './greeting-name.js';
import { pageAddresses } from './page-addresses.js';
import { linkTtl } from './link-ttl.js';
import type { MailRow } from '../delivery/mail-queue.js';
import { type MailTemplate, MailTemplates, type RenderedMail } from './mail-templates.js';
import { TemplateChoice } from './template-choice.js';

/** The link that a mail has; the others have none. */
const LINK_OF_TEMPLATE: Readonly<Partial<Record<MailTemplate, TokenPurpose>>> = {
  'verify-email': 'verify-email',
  invitation: 'invitation',
  'confirm-contact': 'confirm-contact',
  'magic-link': 'magic-link',
  'reset-password': 'reset-password',
  'confirm-email-change': 'confirm-email-change',
  'account-locked': 'unlock',
  'restore-account': 'restore-account',
};

interface MailLink {
  readonly link: string;
  readonly expiresIn: Duration;
}

/** Template data that is looked up when the mail leaves, beside the queued data. */
export interface CurrentData {
  readonly user: UserEntity;
  /** The template that leaves: see `TemplateChoice`. */
  readonly template: MailTemplate;
  readonly link: MailLink | undefined;
  /** The owner of the new address that the mail is to prove. */
  readonly owner: UserEntity | null;
  readonly invitedBy: string | null;
}

interface DueMail {
  readonly mail: MailRow;
  readonly user: UserEntity;
  readonly template: MailTemplate;
}

/** Composes a mail when it leaves: only then is its one-time token derived. */
@Injectable()
export class MailContents {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly templates: MailTemplates,
    private readonly choice: TemplateChoice,
    private readonly deletions: Deletions,
    private readonly clock: Clock,
  ) {}

  /** Undefined when the mail is not needed any more. */
  async compose(tx: Transaction, mail: MailRow): Promise<RenderedMail | undefined> {
    const current = (await this.loadCurrentData(tx, [mail])).get(mail.id);
    return current && this.render(mail, current);
  }

  /** The current data of each of these mails, by its id; none for a mail that is not needed any more. */
  async loadCurrentData(tx: Transaction, mails: readonly MailRow[]): Promise<ReadonlyMap<string, CurrentData>> {
    const ids = new Set(mails.flatMap(({ user_id: id, data }) => [id, data['invitedBy'] ?? id]));
    const users = new Map((await this.users.findAll(tx, [...ids])).map((user) => [user.id, user]));
    const due: DueMail[] = [];
    for (const mail of mails) {
      const user = users.get(mail.user_id);
      const template = user && isStillDue(mail, user) ? await this.choice.choose(tx, mail.template, user) : undefined;
      if (user && template) due.push({ mail, user, template });
    }
    const links = await this.loadLinks(tx, due);
    const current = new Map<string, CurrentData>();
    for (const { mail, user, template } of due) {
      const link = links.get(mail.id);
      if (LINK_OF_TEMPLATE[template] && !link) continue;
      const owner = template === 'confirm-email-change' ? await this.users.ownerOf(tx, mail.recipient) : null;
      const inviter = users.get(mail.data['invitedBy'] ?? '');
      current.set(mail.id, { user, template, link, owner, invitedBy: inviter ? plainName(inviter) : null });
    }
    return current;
  }

  render(mail: MailRow, current: CurrentData): RenderedMail {
    const { user, template, link, owner, invitedBy } = current;
    if (owner && owner.id !== user.id) return this.emailChangeTaken(mail, owner);
    const values = {
      ...UNKNOWN_BEFORE,
      ...queuedDataOf(mail),
      ...link,
      ...this.accountState(user),
      greetingName: isForStrangers(mail) ? strangersGreeting(user) : greetingName(user),
      accountName:
        accountName(user) ?? (isForStrangers(mail) && user.email !== null ? maskedAddress(user.email) : null),
      ...(template === 'invitation' && { invitedBy }),
      ...pageAddresses(this.settings),
      keptFor: new Duration(this.settings.DELETED_RETENTION),
    };
    // The notification rules check the queued data against the template; a mail of another release may still lack some.
    return this.templates.render(template, values as never, user.locale);
  }

  /** The present state of the account, for mails about signing in. */
  private accountState({ deletedAt, suspendedAt, lockedUntil }: UserEntity): object {
    const since = deletedAt ?? suspendedAt ?? this.clock.now();
    return {
      isSuspended: suspendedAt === null ? null : 'yes',
      isLocked: lockedUntil !== null && lockedUntil > this.clock.now() ? 'yes' : null,
      since,
      deletedAt: since,
      erasedAt: this.deletions.erasedAt(since),
      erasedOn: deletedAt === null ? null : this.deletions.erasedAt(deletedAt),
    };
  }

  /**
   * Goes to the owner of the new address, if it has one, in place of the link. Decided when the mail leaves, so that what the user
   * can see of the mail does not reveal it.
   */
  private emailChangeTaken(mail: MailRow, owner: UserEntity): RenderedMail {
    const isDeleted = owner.deletedAt === null ? null : 'yes';
    const values = { ...queuedDataOf(mail), ...this.accountState(owner), isDeleted, greetingName: greetingName(owner) };
    return this.templates.render('email-change-taken', values as never, owner.locale);
  }

  /** The links by the id of the mail, without those that were used or revoked meanwhile, or belong to another address now. */
  private async loadLinks(tx: Transaction, mails: readonly DueMail[]): Promise<ReadonlyMap<string, MailLink>> {
    const wanted = mails.flatMap(({ mail, template }) => {
      const purpose = LINK_OF_TEMPLATE[template];
      if (!purpose) return [];
      const ttl = linkTtl(purpose, this.settings);
      const isMade = template !== mail.template;
      return { mail, userId: mail.user_id, purpose, ttl, subject: subjectOfLink(mail), isMade };
    });
    const made = wanted.length === 0 ? [] : await this.tokens.forDeliveries(tx, wanted);
    const links = new Map<string, MailLink>();
    for (const [index, { mail, purpose, ttl }] of wanted.entries()) {
      const token = made[index];
      if (token === undefined || !mayTake(mail, token.address)) continue;
      const address = linkAddress(this.settings, purpose, token.token);
      links.set(mail.id, { link: address, expiresIn: new Duration(roundedDown(token.msLeft, ttl)) });
    }
    return links;
  }
}

/**
 * Whether the mail may take the link of an account with this address: a new link must not reach the old address. Those for contacts and
 * new addresses are bound to the address that they go to.
 */
function mayTake(mail: MailRow, address: string | null): boolean {
  return isForStrangers(mail) || (address !== null && addressKey(mail.recipient) === addressKey(address));
}

/** False where the link of the mail has no use: the contact is gone or confirmed, or the user suspended or deleted. */
function isStillDue({ template, data }: MailRow, user: UserEntity): boolean {
  switch (template) {
    case 'account-locked':
      return user.deletedAt === null && user.suspendedAt === null;
    case 'confirm-contact':
      return waitingContact(user, data['contactId'] ?? '') !== undefined;
    case 'webhook-disabled':
      return user.role === 'ADMIN' && user.emailVerified && user.deletedAt === null && user.suspendedAt === null;
    case 'confirm-email-change':
      return mayConfirmEmailChange(user);
    default:
      return true;
  }
}

/** What the link of the mail is about, where a user can have several of the kind. */
function subjectOfLink({ template, data, recipient }: MailRow): string {
  if (template === 'confirm-contact') return data['contactId'] ?? '';
  return template === 'confirm-email-change' ? subjectOf(recipient) : '';
}

function isForStrangers({ template }: MailRow): boolean {
  return template === 'confirm-contact' || template === 'confirm-email-change';
}

/** The queued data, with its times as dates. An earlier release queued times as text for people. */
function queuedDataOf({ data, created_at: created }: MailRow): Record<string, string | Date | null> {
  const values = Object.entries(data).map(([name, value]): [string, string | Date | null] => {
    if (!/(At|Since)$/.test(name) || value === null) return [name, value];
    const time = new Date(value);
    return [name, Number.isNaN(time.getTime()) ? created : time];
  });
  return Object.fromEntries(values);
}

/** What the release before does not queue with `sign-in-method-removed` and `verify-email`. */
const UNKNOWN_BEFORE = {
  isPassword: null,
  isTotp: null,
  isPasskey: null,
  isRecoveryCodes: null,
  label: null,
  byAdministrator: null,
  providerName: null,
};

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** For "works for ...": the time that a link has left, which is its whole TTL in a mail that leaves at once. Never too long. */
function roundedDown(msLeft: number, ttl: number): number {
  if (msLeft > ttl - MINUTE_MS) return ttl;
  const unit = msLeft >= 2 * HOUR_MS ? HOUR_MS : MINUTE_MS;
  return Math.max(MINUTE_MS, Math.floor(msLeft / unit) * unit);
}
