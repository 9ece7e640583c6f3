import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type Brand, brandColors, brandOf } from '../../rendering/brand.js';
import type { FieldError, LinkEnding } from '../../problems/domain-error.js';
import { deadLink } from './dead-links.js';
import { acceptedLanguages } from '../../rendering/languages.js';
import type { Problem } from '../problem.js';
import { formatValues } from '../../rendering/formats.js';
import { checkOverrides, templatesOf } from '../../rendering/template-overrides.js';
import { type TemplateFiles, TemplateSet } from '../../rendering/templates.js';

const PARTIALS = { layout: 'layout.hbs', support: 'support.hbs', 'new-password': 'new-password.hbs' };

/** Why a link no longer works, as a name under which a template says it in another language. */
interface LinkWhy {
  readonly why: Readonly<Partial<Record<LinkEnding['why'], true>>>;
}

/** What a form for a new password needs. */
export interface NewPasswordForm {
  /** Whose password it is, for password managers. */
  email: string | null;
  minLength: number;
  /** Why the last password was refused: in English, and as a name under which a template says it in another language. */
  refusal: string | null;
  weakness: Readonly<Record<string, true>>;
}

/** Whose link it is, and when and from where it was asked for: for its reader to tell whether that was them. */
interface LinkOfAccount {
  token: string;
  accountName: string | null;
  requestedAt: Date;
  requestedFrom: string | null;
}

/** The values of each page, beside the brand. */
export interface PageValues {
  'verify-email': LinkOfAccount & NewPasswordForm & { newPasswordRequired: boolean };
  'accept-invitation': { token: string } & NewPasswordForm;
  'invitation-accepted': { signInUrl: string | null };
  'email-verified': { isSuspended: boolean; signInUrl: string | null };
  'confirm-contact': { token: string; address: string; requestedAt: Date };
  'contact-confirmed': object;
  unlock: { token: string; lockedAt: Date; triedFrom: string | null };
  unlocked: object;
  'reset-requested': object;
  'reset-password': {
    token: string;
    requestedAt: Date;
    requestedFrom: string | null;
    isSuspended: boolean;
  } & NewPasswordForm;
  'password-reset': { isSuspended: boolean };
  'confirm-email-change': LinkOfAccount &
    NewPasswordForm & {
      newEmail: string;
      /** Who opens the link chooses a password. */
      newPasswordRequired: boolean;
      /** False where an admin asked: who opens the link need not know the password of now. */
      currentPasswordRequired: boolean;
      wrongPassword: boolean;
    };
  'email-changed': object;
  'magic-link-requested': object;
  'magic-link': {
    token: string;
    email: string;
    /** The page that signs in with the token; null where there is none, and the person has to take it there. */
    continueUrl: string | null;
    requestedAt: Date;
    requestedFrom: string | null;
  };
  'restore-account': {
    token: string;
    email: string | null;
    deletedAt: Date;
    requestedAt: Date;
    requestedFrom: string | null;
  };
  'account-restored': { signInUrl: string | null };
  'link-expired': LinkWhy & { explanation: string; freshLinkPath: string | null };
  /** Behind a link that has done its work, or that has none any more. */
  'already-done': LinkWhy & { isSuspended: boolean; maySignIn: boolean; signInUrl: string | null };
  'resend-sent': object;
  /** `docsPath`: null where the documentation is switched off. */
  entry: { docsPath: string | null };
  error: {
    title: string;
    detail: string;
    /** That of the problem in camelCase, as a name under which a template says in another language what happened. */
    code: Readonly<Record<string, true>>;
    traceId: string;
    errors: readonly FieldError[];
  };
}
export type PageName = keyof PageValues;

/** The pages that people see who follow a link: plain HTML forms, no script. */
@Injectable()
export class Pages {
  private readonly files: TemplateFiles;
  private readonly templates: TemplateSet;
  private readonly brand: Brand;
  private readonly policy: string;

  constructor(@InjectSettings() settings: Settings) {
    this.brand = brandOf(settings);
    this.policy = policyOf(this.brand);
    this.files = templatesOf('pages', settings);
    const templates = (this.templates = new TemplateSet(this.files, PARTIALS, true));
    checkOverrides(this.files, Object.values(PARTIALS), (file, locale, values) =>
      templates.render(file, locale, values),
    );
  }

  /** The locales that there are pages in, English first. */
  get locales(): readonly string[] {
    return this.files.locales;
  }

  /**
   * A page for a handler to return, with its headers set on the reply. It may carry a one-time token, so nothing keeps it and
   * no other site learns its address.
   * @param locale that of the user whom the page is for, if it is known; else the browser says what its user reads
   */
  render<Name extends PageName>(
    reply: FastifyReply,
    name: Name,
    values: PageValues[Name],
    locale: string | null = null,
  ): string {
    const wanted = locale === null ? acceptedLanguages(reply.request.headers['accept-language']) : [locale];
    void reply.headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': this.policy,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    return this.page(name, values, wanted, locale !== null);
  }

  /**
   * @param wanted language tags, the preferred one first
   * @param regional whether times are written as in the region of the tag. Not where only the browser names it: the mail to somebody of
   *   whom no locale is known had none to go by, and says the same time in other words then
   */
  page<Name extends PageName>(
    name: Name,
    values: PageValues[Name],
    wanted: readonly string[],
    regional = true,
  ): string {
    const file = `${name}.hbs`;
    const { locale, format } = this.files.languageOf(file, wanted);
    const shown = formatValues(values, regional ? format : locale);
    return this.templates.render(file, locale, { brand: this.brand, lang: locale, ...shown });
  }

  /** The page for a problem: for a link that no longer works, one that says why to who holds the real one, and the way on. */
  sendProblem(reply: FastifyReply, problem: Problem, linkEnding?: LinkEnding): void {
    const { code, title, detail, traceId, status, errors = [] } = problem;
    const link = deadLink(reply.request, problem, linkEnding);
    const page = link
      ? this.render(reply, link.name, link.values as never, link.locale)
      : this.render(reply, 'error', { title, detail, code: { [camelCase(code)]: true }, traceId, errors });
    void reply.code(status).send(page);
  }

  stylesheet(): string {
    const colors = Object.entries(brandColors(this.brand.color)).map(([name, color]) => `${name}: ${color};`);
    return this.templates.source('pages.css').replace('--brand: #1f5eff;', colors.join('\n  '));
  }

  /** The mark beside the name, for the tab of the browser. */
  icon(): string {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="5" fill="${this.brand.color}"/></svg>`;
  }
}

function camelCase(code: string): string {
  return code.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Nothing but our own style sheet and the logo; forms go to ourselves only. */
function policyOf({ logoUrl }: Brand): string {
  const images = ["'self'", ...(logoUrl === null ? [] : [new URL(logoUrl).origin])].join(' ');
  return `default-src 'none'; style-src 'self'; img-src ${images}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
}

const FORM = 'application/x-www-form-urlencoded';

/**
 * Whether an error is answered by a page: to a person with a browser, on a route that has pages, or where there is no route.
 * Programs that ask for HTML too, or post forms (RFC 7662), can read the problems of all others.
 */
export function wantsErrorPage(request: FastifyRequest): boolean {
  const { page } = request.routeOptions.config as { page?: boolean };
  return (page === true || request.is404) && wantsPage(request);
}

/** True for a person with a browser: a form was posted, or HTML is asked for and JSON is not. */
export function wantsPage(request: FastifyRequest): boolean {
  if (request.headers['content-type']?.startsWith(FORM)) return true;
  const accept = request.headers.accept ?? '';
  return accept.includes('text/html') && !accept.includes('application/json');
}

/** `GET` of a link that was mailed: a page, unless JSON is asked for. */
export function wantsJson(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  return accept.includes('application/json') && !accept.includes('text/html');
}
