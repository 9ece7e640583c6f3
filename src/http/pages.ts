import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PACKAGE_ROOT } from '../config/package-root.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { type Brand, brandOf } from './brand.js';
import type { FieldError } from './domain-error.js';
import type { Problem } from './problem.js';
import { checkOverrides, overridesOf } from './template-overrides.js';
import { TemplateSet } from './templates.js';

const PAGES_FOLDER = join(PACKAGE_ROOT, 'templates/pages');

/** Nothing but our own style sheet; forms go to ourselves only. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Where a fresh link is asked for by who has nothing but an address; the others are asked for by who is signed in, or come by themselves. */
const FRESH_LINKS: Readonly<Partial<Record<string, string>>> = {
  '/auth/verify-email': '/auth/resend-verification',
  '/auth/accept-invitation': '/auth/resend-verification',
  '/auth/reset-password': '/auth/request-password-reset',
  '/auth/magic-link': '/auth/magic-link/request',
};

/** The values of each page, beside the brand. */
export interface PageValues {
  'verify-email': { token: string; email: string; requestedAt: string; requestedFrom: string | null };
  'accept-invitation': { token: string; email: string | null; refusal: string | null };
  'invitation-accepted': { signInUrl: string | null };
  'email-verified': { signInUrl: string | null };
  'confirm-contact': { token: string; address: string; requestedAt: string };
  'contact-confirmed': object;
  unlock: { token: string; lockedAt: string; triedFrom: string | null };
  unlocked: object;
  'reset-requested': object;
  'reset-password': {
    token: string;
    email: string | null;
    minLength: number;
    refusal: string | null;
    requestedAt: string;
    requestedFrom: string | null;
  };
  'password-reset': object;
  'confirm-email-change': { token: string; newEmail: string; requestedAt: string };
  'email-changed': object;
  'magic-link-requested': object;
  'magic-link': {
    token: string;
    email: string;
    /** The page that signs in with the token; null where there is none, and the person has to take it there. */
    continueUrl: string | null;
    requestedAt: string;
    requestedFrom: string | null;
  };
  'link-expired': { explanation: string; freshLinkPath: string | null };
  'resend-sent': object;
  error: { title: string; detail: string; traceId: string; errors: readonly FieldError[] };
}

/** The pages that people see who follow a link: plain HTML forms, no script. */
@Injectable()
export class Pages {
  private readonly templates: TemplateSet;
  private readonly brand: Brand;

  constructor(@InjectSettings() settings: Settings) {
    this.brand = brandOf(settings);
    const overrides = overridesOf(settings, 'pages');
    const templates = (this.templates = new TemplateSet(PAGES_FOLDER, 'layout.hbs', true, overrides));
    if (overrides) checkOverrides(PAGES_FOLDER, overrides, (file, values) => templates.render(file, values));
  }

  /**
   * A page for a handler to return, with its headers set on the reply. It may carry a one-time token, so nothing keeps it and
   * no other site learns its address.
   */
  render<Name extends keyof PageValues>(reply: FastifyReply, name: Name, values: PageValues[Name]): string {
    void reply.headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': PAGE_POLICY,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    return this.templates.render(`${name}.hbs`, { brand: this.brand, ...values });
  }

  /** The page for a problem: for a link that is no longer good, one that offers a fresh one if anybody may ask for it. */
  sendProblem(reply: FastifyReply, problem: Problem): void {
    const { code, title, detail, instance, traceId, status, errors = [] } = problem;
    const freshLinkPath = FRESH_LINKS[instance.split('?', 1)[0] ?? ''] ?? null;
    const page =
      code === 'token-expired-or-used'
        ? this.render(reply, 'link-expired', { explanation: detail, freshLinkPath })
        : this.render(reply, 'error', { title, detail, traceId, errors });
    void reply.code(status).send(page);
  }

  stylesheet(): string {
    return this.templates.source('pages.css').replace('--brand: #1f5eff;', `--brand: ${this.brand.color};`);
  }

  /** The mark beside the name, for the tab of the browser. */
  icon(): string {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="5" fill="${this.brand.color}"/></svg>`;
  }
}

const FORM = 'application/x-www-form-urlencoded';

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

/** "21 November 2026, 09:14 UTC" */
export function readableTime(time: Date): string {
  const day = time.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  const clock = time.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
  return `${day}, ${clock} UTC`;
}
