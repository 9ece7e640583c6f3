import type { FastifyRequest } from 'fastify';
import type { LinkEnding } from '../../problems/domain-error.js';
import type { Problem } from '../problem.js';

const LINK_PAGES: ReadonlySet<string> = new Set([
  '/auth/verify-email',
  '/auth/accept-invitation',
  '/auth/confirm-contact',
  '/auth/confirm-email-change',
  '/auth/reset-password',
  '/auth/magic-link',
  '/auth/unlock',
  '/auth/restore-account',
]);

/** Where a fresh link can be requested with only an address. Other links require a signed-in user, or are sent automatically. */
const FRESH_LINKS: Readonly<Partial<Record<string, string>>> = {
  '/auth/verify-email': '/auth/resend-verification',
  '/auth/accept-invitation': '/auth/resend-verification',
  '/auth/reset-password': '/auth/request-password-reset',
  '/auth/magic-link': '/auth/magic-link/request',
  '/sign-in/with-link': '/auth/magic-link/request',
  // Answered by what can be done about the account.
  '/auth/restore-account': '/auth/request-password-reset',
};

/** What to request if a fresh link of the same kind would be of no use. */
const INSTEAD: Readonly<Partial<Record<LinkEnding['why'], string>>> = {
  proved: '/auth/request-password-reset',
  deleted: '/auth/request-password-reset',
};

const INCOMPLETE: LinkEnding = { why: 'incomplete', account: null, locale: null };
const UNKNOWN: LinkEnding = { why: 'unknown', account: null, locale: null };

/** Endings that leave nothing to do. */
const DONE: ReadonlySet<LinkEnding['why']> = new Set(['alreadyConfirmed', 'accepted', 'unlocked', 'restored']);

/** The page for a dead link, and its values. */
export interface DeadLink {
  readonly name: 'already-done' | 'link-expired';
  readonly values: object;
  /** The user's locale, if known. */
  readonly locale: string | null;
}

/** Undefined for a problem that is not about a mailed link. @param ending what may be disclosed about the link */
export function deadLink(request: FastifyRequest, problem: Problem, ending?: LinkEnding): DeadLink | undefined {
  if (isIncomplete(request, problem)) return pageOf(problem, INCOMPLETE);
  return isAboutLink(problem) || ending ? pageOf(problem, ending ?? UNKNOWN) : undefined;
}

function pageOf({ instance, detail }: Problem, { why: cause, account, locale }: LinkEnding): DeadLink {
  const why = { [cause]: true };
  if (DONE.has(cause)) {
    // Unknown if another lock may have followed.
    const maySignIn = account === 'open' && cause !== 'unlocked';
    const values = { why, isSuspended: account === 'suspended', maySignIn };
    return { name: 'already-done', values, locale };
  }
  const path = instance.split('?', 1)[0] ?? '';
  const freshLinkPath = account === 'suspended' ? null : (INSTEAD[cause] ?? FRESH_LINKS[path] ?? null);
  return { name: 'link-expired', values: { explanation: detail, why, freshLinkPath }, locale };
}

/** The link was followed without its token. */
function isIncomplete({ method, url }: FastifyRequest, { code, errors = [] }: Problem): boolean {
  if (method !== 'GET' || code !== 'validation-failed') return false;
  return LINK_PAGES.has(url.split('?', 1)[0] ?? '') && errors.every(({ path }) => path === 'token');
}

function isAboutLink({ code }: Problem): boolean {
  return code === 'token-expired-or-used' || code === 'already-confirmed';
}
