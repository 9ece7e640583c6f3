import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type Brand, brandOf } from '../../rendering/brand.js';
import { type Duration, formatValues } from '../../rendering/formats.js';
import { checkOverrides, templatesOf } from '../../rendering/template-overrides.js';
import { type TemplateFiles, TemplateSet } from '../../rendering/templates.js';

interface GreetingValues {
  readonly greetingName: string | null;
}

/** Where a new password can be requested. */
interface ResetValues {
  resetUrl: string;
}

interface LinkValues extends GreetingValues {
  readonly link: string;
  readonly expiresIn: Duration;
  readonly requestedAt: Date;
}

interface RequestValues extends GreetingValues {
  readonly requestedAt: Date;
  readonly requestedFrom: string | null;
}

/** A name of the account that its owner recognises and that tells others little. */
interface AccountValues {
  readonly accountName: string | null;
}

interface ChangeValues extends GreetingValues {
  readonly changedAt: Date;
}

/** A boolean, as text when it is true: queued data is text. */
type Flag = string | null;

/** A sign-in method or second factor, in the reader's language where it is one of ours. */
interface MethodValues {
  readonly isPassword: Flag;
  readonly isTotp: Flag;
  readonly isPasskey: Flag;
  readonly isRecoveryCodes: Flag;
  /** Neither a factor nor a password: a provider, or a method that an extension adds. */
  readonly isPlain: Flag;
  /** Of such a method. */
  readonly methodName: string;
  /** The name that the user gave it. */
  readonly label: string | null;
}

/** The values of each mail, beside the brand. */
export interface MailValues {
  /** Where, when and with which provider, if with one, the registration was made, not its link asked for again. */
  'verify-email': LinkValues & RequestValues & AccountValues & { providerName: string | null };
  /** By whom, as far as a name may be shown to somebody who does not know them yet. */
  invitation: LinkValues & { invitedBy: string | null };
  /** Its reader may be a stranger to the user: nothing in it says from where the user acts. */
  'confirm-contact': LinkValues;
  /** When it was locked, and from where the last wrong password came. */
  'account-locked': LinkValues & RequestValues;
  'account-unlocked': ChangeValues & ResetValues;
  /** Without the reason, which is for staff. */
  'account-suspended': ChangeValues;
  'account-reinstated': ChangeValues;
  'account-deleted': ChangeValues & { byAdministrator: Flag; keptFor: Duration };
  'account-restored': ChangeValues & { isSuspended: Flag };
  'role-changed': ChangeValues & { isAdmin: Flag; isManager: Flag };
  'professional-status-changed': ChangeValues & { isProfessional: Flag };
  'already-registered': RequestValues & { signInUrl: string; isLocked: Flag };
  /** To a user who deleted the account and tries to sign in. */
  'restore-account': LinkValues & RequestValues & { deletedAt: Date; erasedAt: Date };
  /** To a user who tries to sign in and cannot: the account is suspended or deleted since then, and a deleted one will be erased. */
  'account-unavailable': RequestValues & { since: Date; erasedOn: Date | null };
  'reset-password': LinkValues & RequestValues & { isSuspended: Flag };
  'magic-link': LinkValues & RequestValues;
  'password-changed': ChangeValues & ResetValues & { changedFrom: string | null };
  /** On a device that the user has not used before. */
  'new-sign-in': GreetingValues & {
    signedInAt: Date;
    signedInFrom: string | null;
    devicesUrl: string;
    resetUrl: string;
  };
  /** A device where no second factor is asked for any more. */
  'device-remembered': GreetingValues & ResetValues & { signedInAt: Date; signedInFrom: string | null };
  /** An old refresh token was used, and its session has ended. */
  'session-reused': RequestValues;
  /** The counter of a passkey went back: there may be a copy of it. */
  'passkey-refused': RequestValues;
  'sign-in-method-removed': ChangeValues & ResetValues & MethodValues & { byAdministrator: Flag };
  /** A second factor, a passkey, or new recovery codes. */
  'factor-added': ChangeValues & MethodValues & ResetValues;
  /** In place of the second factor. */
  'recovery-code-used': GreetingValues &
    ResetValues & {
      usedAt: Date;
      usedFrom: string | null;
      codesLeft: string;
      isLow: Flag;
      isNone: Flag;
    };
  /** After a right first step. When, and from where the last wrong code came. */
  'second-factor-locked': RequestValues & ResetValues;
  /** To the new address: its reader is to know whose account would get it. From where it was asked for, unless by an admin. */
  'confirm-email-change': LinkValues & RequestValues & AccountValues;
  /** To the owner of an address that another user requested as their new one. */
  'email-change-taken': GreetingValues & { requestedAt: Date; isDeleted: Flag; isSuspended: Flag };
  /** To the address that the account has, and has until the new one is proved; the new one is masked. */
  'email-change-requested': RequestValues & ResetValues & { newEmail: string; byAdministrator: Flag };
  /** To the address that the account had; the new one is masked. */
  'email-changed': ChangeValues & { newEmail: string };
  /**
   * To admins: events are not posted to this URL any more, until one of them switches it on again. `gone` when the receiver said so
   * itself; else it has accepted nothing for days.
   */
  'webhook-disabled': GreetingValues & {
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
 * Renders `templates/mail/<name>/{subject,html,text}.hbs`, or `templates/locales/<locale>/mail/<name>/...` for readers of that
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
