import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { PACKAGE_ROOT } from '../config/package-root.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { type Brand, brandOf } from '../http/brand.js';
import { checkOverrides, overridesOf } from '../http/template-overrides.js';
import { TemplateSet } from '../http/templates.js';

type Link = Record<'link' | 'expiresIn' | 'requestedAt', string> & { greetingName: string | null };

/** The values of each mail, beside the brand. */
export interface MailValues {
  'verify-email': {
    link: string;
    expiresIn: string;
    greetingName: string | null;
    requestedAt: string;
    requestedFrom: string | null;
  };
  invitation: {
    link: string;
    expiresIn: string;
    greetingName: string | null;
    /** Who invites, as far as a name may be shown to somebody who does not know them yet. */
    invitedBy: string | null;
    requestedAt: string;
  };
  /** Its reader may be a stranger to the user: nothing in it says from where the user acts. */
  'confirm-contact': {
    link: string;
    expiresIn: string;
    greetingName: string | null;
    requestedAt: string;
  };
  'account-locked': {
    link: string;
    expiresIn: string;
    greetingName: string | null;
    /** When it was locked. */
    requestedAt: string;
    /** From where the last wrong password came. */
    requestedFrom: string | null;
  };
  'already-registered': {
    greetingName: string | null;
    requestedAt: string;
    requestedFrom: string | null;
    signInUrl: string;
  };
  'reset-password': Link & { requestedFrom: string | null };
  'magic-link': Link & { requestedFrom: string | null };
  'password-changed': { greetingName: string | null; changedAt: string; changedFrom: string | null };
  /** An old refresh token was used, and its session has ended. */
  'session-reused': { greetingName: string | null; requestedAt: string; requestedFrom: string | null };
  'sign-in-method-removed': { greetingName: string | null; methodName: string; changedAt: string };
  /** To the new address, whose reader may be a stranger: nothing in it says from where the user acts. */
  'confirm-email-change': Link;
  /** To the owner of an address that somebody else gave as their new one. */
  'email-change-taken': { greetingName: string | null; requestedAt: string };
  /** To the address that the account has, and has until the new one is proved. */
  'email-change-requested': {
    greetingName: string | null;
    newEmail: string;
    requestedAt: string;
    requestedFrom: string | null;
  };
  /** To the address that the account had. */
  'email-changed': { greetingName: string | null; newEmail: string; changedAt: string };
  /** To admins: events are not posted to this URL any more, until one of them switches it on again. */
  'webhook-disabled': {
    greetingName: string | null;
    webhook: string;
    /** Not null when it said so itself; else it has accepted nothing since `failingSince`. */
    gone: string | null;
    failingSince: string;
    lastError: string;
    disabledAt: string;
  };
}

export type MailTemplate = keyof MailValues;

export interface RenderedMail {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

const FOLDER = join(PACKAGE_ROOT, 'templates/mail');

/** Renders `templates/mail/<name>/{subject,html,text}.hbs`, or what replaces them in `TEMPLATES_DIR`. */
@Injectable()
export class MailTemplates {
  private readonly html: TemplateSet;
  private readonly text: TemplateSet;
  private readonly brand: Brand;

  constructor(@InjectSettings() settings: Settings) {
    this.brand = brandOf(settings);
    const overrides = overridesOf(settings, 'mail');
    const html = (this.html = new TemplateSet(FOLDER, 'layout.html.hbs', true, overrides));
    const text = (this.text = new TemplateSet(FOLDER, 'layout.text.hbs', false, overrides));
    if (overrides) {
      checkOverrides(FOLDER, overrides, (file, values) =>
        (file.endsWith('html.hbs') ? html : text).render(file, values),
      );
    }
  }

  /** @throws Error naming a variable that the template uses and `values` lacks */
  render<Name extends MailTemplate>(name: Name, values: MailValues[Name]): RenderedMail {
    const all = { brand: this.brand, ...values };
    return {
      // A header is one line, whatever a name or a product name holds.
      subject: this.text.render(`${name}/subject.hbs`, all).replace(/\s+/g, ' ').trim(),
      html: this.html.render(`${name}/html.hbs`, all),
      text: this.text.render(`${name}/text.hbs`, all),
    };
  }
}
