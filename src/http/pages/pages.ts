import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type Brand, brandColors, brandOf } from '../../rendering/brand.js';
import type { LinkEnding } from '../../problems/domain-error.js';
import { deadLink } from './dead-links.js';
import { type ShownProvider, shownProvider } from './shown-provider.js';
import { camelCase } from './form-state.js';
import { isHostedPage } from './hosted-page.js';
import type { PageName, PageValues } from './page-values.js';
import { acceptedLanguages } from '../../rendering/languages.js';
import type { Problem } from '../problem.js';
import { formatValues } from '../../rendering/formats.js';
import { checkOverrides, templatesOf } from '../../rendering/template-overrides.js';
import { type TemplateFiles, TemplateSet } from '../../rendering/templates.js';

const OWN_SIGN_IN = '/sign-in';

/** The longest locale of a user. */
const LONGEST_TAG = 35;

/** Parts of pages by the name that templates call them, each a file `<name>.hbs`. */
const PARTIAL_NAMES = [
  ...['provider-buttons', 'provider-mark', 'provider-problem'],
  ...['head', 'layout', 'support', 'new-password', 'next-step', 'password-refusal', 'flash', 'problem', 'passkey-says'],
  ...['layout', 'bar', 'nav', 'sections', 'back', 'field', 'theirs', 'current-password'].map(
    (name) => `account-${name}`,
  ),
  ...['activity-tabs', 'add-passkey', 'sign-in', 'mail-name', 'pages'].map((name) => `account-${name}`),
];
export const PARTIALS: Readonly<Record<string, string>> = Object.fromEntries(
  PARTIAL_NAMES.map((name) => [name, `${name}.hbs`]),
);

/** The HTML pages: plain forms, which work without the one script that they load. */
@Injectable()
export class Pages {
  private readonly files: TemplateFiles;
  private readonly templates: TemplateSet;
  private readonly brand: Brand;
  private readonly policy: string;
  /** Where pages send somebody to sign in; null where nothing is known of that. */
  private readonly signInUrl: string | null;
  private readonly accountUrl: string | null;
  private readonly providers: readonly ShownProvider[];

  constructor(@InjectSettings() settings: Settings) {
    this.brand = brandOf(settings);
    this.signInUrl = settings.LINK_URLS?.['sign-in'] ?? (settings.HOSTED_PAGES ? OWN_SIGN_IN : null);
    this.accountUrl = settings.HOSTED_PAGES ? '/account' : null;
    this.providers = settings.providers.map(shownProvider);
    this.policy = policyOf(this.brand, settings.SIGN_IN_REDIRECTS);
    this.files = templatesOf('pages', settings);
    const templates = (this.templates = new TemplateSet(this.files, PARTIALS, true));
    checkOverrides(this.files, Object.values(PARTIALS), (file, locale, values) =>
      templates.render(file, locale, values),
    );
  }

  /** The language tag of a reader without a known locale: the first one that the browser names and that this page has. */
  languageFor({ headers }: Pick<FastifyRequest, 'headers'>, name: PageName): string {
    const { locale, format } = this.files.languageOf(`${name}.hbs`, acceptedLanguages(headers['accept-language']));
    return format.length <= LONGEST_TAG ? format : locale;
  }

  /** The locales that have pages, English first. */
  get locales(): readonly string[] {
    return this.files.locales;
  }

  /**
   * A page for a handler to return, with its headers set on the reply. It may contain a one-time token, so it is not cached and its
   * URL is not sent as a referrer.
   * @param locale the user's locale, if known; otherwise that of the browser
   * @param done what the form before has done, as a key of `flash.hbs`
   */
  render<Name extends PageName>(
    reply: FastifyReply,
    name: Name,
    values: PageValues[Name],
    locale: string | null = null,
    done?: string,
  ): string {
    const wanted = locale === null ? languagesOf(reply.request) : [locale];
    void reply.headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': withForms(this.policy, reply.request.formTargets),
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    return this.page(name, values, wanted, { regional: locale !== null, done });
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
    { regional = true, done }: { readonly regional?: boolean; readonly done?: string | undefined } = {},
  ): string {
    const file = `${name}.hbs`;
    const { locale, format } = this.files.languageOf(file, wanted);
    const shown = formatValues(values, regional ? format : locale);
    return this.templates.render(file, locale, {
      brand: this.brand,
      lang: locale,
      signInUrl: this.signInUrl,
      accountUrl: this.accountUrl,
      providers: this.providers,
      signInQuery: '',
      hasFlash: done !== undefined,
      flash: done === undefined ? {} : { [done]: true },
      ...shown,
      // Only our own page knows what it means.
      ...(this.signInUrl !== OWN_SIGN_IN && { signInQuery: '' }),
    });
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
    const sheets = ['pages.css', 'account.css'].map((file) => this.templates.source(file));
    return sheets.join('\n').replace('--brand: #1f5eff;', colors.join('\n  '));
  }

  /** The one script of the pages, an ES module without imports. */
  script(): string {
    return this.templates.source('pages.js');
  }

  /** The favicon. */
  icon(): string {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="5" fill="${this.brand.color}"/></svg>`;
  }
}

/** Allows only our own style sheet and script, and the logo; forms to this origin, from where a sign-in may lead on to another. */
function policyOf({ logoUrl }: Brand, redirects: readonly string[] = []): string {
  const images = ["'self'", ...(logoUrl === null ? [] : [new URL(logoUrl).origin])].join(' ');
  // Browsers apply it to the redirect after a form, too.
  const forms = ["'self'", ...redirects].join(' ');
  return (
    `default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src ${images}; ` +
    `form-action ${forms}; base-uri 'none'; frame-ancestors 'none'`
  );
}

/** The policy of a page whose form leads on to further places, which browsers apply to the redirect after a form, too. */
function withForms(policy: string, targets: readonly string[] = []): string {
  return targets.length === 0 ? policy : policy.replace('form-action ', `form-action ${targets.join(' ')} `);
}

function languagesOf({ headers, wantedLanguages = [] }: FastifyRequest): string[] {
  return [...wantedLanguages, ...acceptedLanguages(headers['accept-language'])];
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Origins beside ours to which the forms of the page lead that answers this request. */
    formTargets?: readonly string[];
    /** The languages that the application wants which sent the visitor, preferred first: before those of the browser. */
    wantedLanguages?: readonly string[];
  }
}

const FORM = 'application/x-www-form-urlencoded';

/**
 * Whether an error is answered by a page: to a browser, on a route that has pages or where no route matches. All other routes
 * answer with problems, even to programs that accept HTML or post forms (RFC 7662).
 */
export function wantsErrorPage(request: FastifyRequest): boolean {
  if (isHostedPage(request)) return true;
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
