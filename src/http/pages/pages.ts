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

/** Why a link no longer works, as a key for translated templates. */
interface LinkWhy {
  readonly why: Readonly<Partial<Record<LinkEnding['why'], true>>>;
}

/** The values of a form for a new password. */
export interface NewPasswordForm {
  /** The account of the password, for password managers. */
  email: string | null;
  minLength: number;
  /** Why the last password was refused: in English, and as a key for translated templates. */
  refusal: string | null;
  weakness: Readonly<Record<string, true>>;
}

/** The account of the link, and when and from where it was requested, so that readers can tell whether they requested it. */
interface LinkOfAccount {
  token: string;
  accountName: string | null;
  requestedAt: Date;
  requestedFrom: string | null;
}

/** The values of each page, besides the brand. */
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
      /** The page asks for a new password. */
      newPasswordRequired: boolean;
      /** False if an admin requested the change: then the current password is not required. */
      currentPasswordRequired: boolean;
      wrongPassword: boolean;
    };
  'email-changed': object;
  'magic-link-requested': object;
  'magic-link': {
    token: string;
    email: string;
    /** The application's page that signs in with the token; null if not configured, so that the user has to copy the token. */
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
  /** For a link that was used, or has become unnecessary. */
  'already-done': LinkWhy & { isSuspended: boolean; maySignIn: boolean; signInUrl: string | null };
  'resend-sent': object;
  /** `docsPath`: null if the documentation is disabled. */
  entry: { docsPath: string | null };
  error: {
    title: string;
    detail: string;
    /** The code of the problem in camelCase, as a key for translated templates. */
    code: Readonly<Record<string, true>>;
    traceId: string;
    errors: readonly FieldError[];
  };
}
export type PageName = keyof PageValues;

/** The HTML pages behind links: plain forms, no script. */
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

  /** The locales that have pages, English first. */
  get locales(): readonly string[] {
    return this.files.locales;
  }

  /**
   * A page for a handler to return, with its headers set on the reply. It may contain a one-time token, so it is not cached and its
   * URL is not sent as a referrer.
   * @param locale the user's locale, if known; otherwise that of the browser
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
   * @param wanted language tags, preferred first
   * @param regional whether times follow the region of the tag. Not if only the browser names it: a mail to a user without a known
   *   locale could not, and would write the same time differently
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

  /** The page for a problem. For a dead link it explains the reason to the holder of the genuine link, and how to proceed. */
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

  /** The favicon. */
  icon(): string {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="5" fill="${this.brand.color}"/></svg>`;
  }
}

function camelCase(code: string): string {
  return code.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Allows only our own style sheet and the logo, and forms to this origin. */
function policyOf({ logoUrl }: Brand): string {
  const images = ["'self'", ...(logoUrl === null ? [] : [new URL(logoUrl).origin])].join(' ');
  return `default-src 'none'; style-src 'self'; img-src ${images}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
}

const FORM = 'application/x-www-form-urlencoded';

/**
 * Whether an error is answered by a page: to a browser, on a route that has pages or where no route matches. All other routes
 * answer with problems, even to programs that accept HTML or post forms (RFC 7662).
 */
export function wantsErrorPage(request: FastifyRequest): boolean {
  const { page } = request.routeOptions.config as { page?: boolean };
  return (page === true || request.is404) && wantsPage(request);
}

/** True for a browser: a form was posted, or HTML but not JSON is accepted. */
export function wantsPage(request: FastifyRequest): boolean {
  if (request.headers['content-type']?.startsWith(FORM)) return true;
  const accept = request.headers.accept ?? '';
  return accept.includes('text/html') && !accept.includes('application/json');
}

/** `GET` of a mailed link: a page, unless JSON is requested. */
export function wantsJson(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  return accept.includes('application/json') && !accept.includes('text/html');
}
