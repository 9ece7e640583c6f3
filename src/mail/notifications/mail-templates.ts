import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type Brand, brandOf } from '../../rendering/brand.js';
import { type Duration, formatValues } from '../../rendering/formats.js';
import { checkOverrides, templatesOf } from '../../rendering/template-overrides.js';
import { type TemplateFiles, TemplateSet } from '../../rendering/templates.js';

interface Greeting {
  readonly greetingName: string | null;
}

interface Link extends Greeting {
  readonly link: string;
  readonly expiresIn: Duration;
  readonly requestedAt: Date;
}

interface Asked extends Greeting {
  readonly requestedAt: Date;
  readonly requestedFrom: string | null;
}

/** A name of the account by which its owner knows it, and others learn little. */
interface OfAccount {
  readonly accountName: string | null;
}

interface Changed extends Greeting {
  readonly changedAt: Date;
}

/** Whether something is so: a text when it is, for mails keep texts. */
type Flag = string | null;

/** The values of each mail, beside the brand. */
export interface MailValues {
  /** Where and when the registration was made, not its link asked for again. */
  'verify-email': Link & Asked & OfAccount;
  /** By whom, as far as a name may be shown to somebody who does not know them yet. */
  invitation: Link & { invitedBy: string | null };
  /** Its reader may be a stranger to the user: nothing in it says from where the user acts. */
  'confirm-contact': Link;
  /** When it was locked, and from where the last wrong password came. */
  'account-locked': Link & Asked;
  'account-unlocked': Changed;
  /** Not why: that is written for colleagues. */
  'account-suspended': Changed;
  'account-reinstated': Changed;
  'account-deleted': Changed & { byAdministrator: Flag; keptFor: Duration };
  'account-restored': Changed & { isSuspended: Flag };
  'role-changed': Changed & { isAdmin: Flag; isManager: Flag };
  'professional-status-changed': Changed & { isProfessional: Flag };
  'already-registered': Asked & { signInUrl: string; isLocked: Flag };
  /** To who wants to get in and deleted the account. */
  'restore-account': Link & Asked & { deletedAt: Date; erasedAt: Date };
  /** To who wants to get in and cannot: it is suspended since then, or was deleted then, and will be erased. */
  'account-unavailable': Asked & { since: Date; erasedOn: Date | null };
  'reset-password': Link & Asked & { isSuspended: Flag };
  'magic-link': Link & Asked;
  'password-changed': Changed & { changedFrom: string | null };
  /** On a device that the user was not known by. */
  'new-sign-in': Greeting & { signedInAt: Date; signedInFrom: string | null };
  /** An old refresh token was used, and its session has ended. */
  'session-reused': Asked;
  'sign-in-method-removed': Changed & { methodName: string };
  /** To the new address: its reader is to know whose account would get it. From where it was asked for, unless by an admin. */
  'confirm-email-change': Link & Asked & OfAccount;
  /** To the owner of an address that somebody else gave as their new one. */
  'email-change-taken': Greeting & { requestedAt: Date; isDeleted: Flag; isSuspended: Flag };
  /** To the address that the account has, and has until the new one is proved; the new one is masked. */
  'email-change-requested': Asked & { newEmail: string; byAdministrator: Flag };
  /** To the address that the account had; the new one is masked. */
  'email-changed': Changed & { newEmail: string };
  /**
   * To admins: events are not posted to this URL any more, until one of them switches it on again. `gone` when the receiver said so
   * itself; else it has accepted nothing for days.
   */
  'webhook-disabled': Greeting & {
    webhook: string;
    gone: Flag;
    failingSince: Date;
    lastError: string;
    disabledAt: Date;
  };
}

export type MailTemplate = keyof MailValues;

export interface RenderedMail {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

const HTML_PARTIALS = {
  layout: 'layout.html.hbs',
  p: 'p.html.hbs',
  panel: 'panel.html.hbs',
  'copy-link': 'copy-link.html.hbs',
  support: 'support.html.hbs',
};
const TEXT_PARTIALS = { layout: 'layout.text.hbs', support: 'support.text.hbs' };

/**
 * Renders `templates/mail/<name>/{subject,html,text}.hbs`, or `templates/locales/<locale>/mail/<name>/...` for who reads that
 * language, or what replaces them in `TEMPLATES_DIR`.
 */
@Injectable()
export class MailTemplates {
  private readonly files: TemplateFiles;
  private readonly html: TemplateSet;
  private readonly text: TemplateSet;
  private readonly brand: Brand;

  constructor(@InjectSettings() settings: Settings) {
    this.brand = brandOf(settings);
    this.files = templatesOf('mail', settings);
    const html = (this.html = new TemplateSet(this.files, HTML_PARTIALS, true));
    const text = (this.text = new TemplateSet(this.files, TEXT_PARTIALS, false));
    const partials = [HTML_PARTIALS, TEXT_PARTIALS].flatMap((names) => Object.values(names));
    checkOverrides(this.files, partials, (file, locale, values) =>
      (file.endsWith('html.hbs') ? html : text).render(file, locale, values),
    );
  }

  /** The locales that there are mails in, English first. */
  get locales(): readonly string[] {
    return this.files.locales;
  }

  /**
   * @param wanted language tag of who gets the mail, if it is known
   * @throws Error naming a variable that the template uses and `values` lacks
   */
  render<Name extends MailTemplate>(name: Name, values: MailValues[Name], wanted: string | null = null): RenderedMail {
    const { locale, format } = this.files.languageOf(name, wanted === null ? [] : [wanted]);
    const all = { brand: this.brand, lang: locale, ...formatValues(values, format) };
    return {
      // A header is one line, whatever a name or a product name holds.
      subject: this.text.render(`${name}/subject.hbs`, locale, all).replace(/\s+/g, ' ').trim(),
      html: this.html.render(`${name}/html.hbs`, locale, all),
      text: this.text.render(`${name}/text.hbs`, locale, all),
    };
  }
}
