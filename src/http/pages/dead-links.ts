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

/** Where a fresh link is asked for by who has nothing but an address; the others are asked for by who is signed in, or come by themselves. */
const FRESH_LINKS: Readonly<Partial<Record<string, string>>> = {
  '/auth/verify-email': '/auth/resend-verification',
  '/auth/accept-invitation': '/auth/resend-verification',
  '/auth/reset-password': '/auth/request-password-reset',
  '/auth/magic-link': '/auth/magic-link/request',
  // Which is answered by what can be done about the account.
  '/auth/restore-account': '/auth/request-password-reset',
};

/** What is asked for where another link of the kind is of no use. */
const INSTEAD: Readonly<Partial<Record<LinkEnding['why'], string>>> = {
  proved: '/auth/request-password-reset',
  deleted: '/auth/request-password-reset',
};

const INCOMPLETE: LinkEnding = { why: 'incomplete', account: null, locale: null };
const UNKNOWN: LinkEnding = { why: 'unknown', account: null, locale: null };

/** Of these nothing is left to do. */
const DONE: ReadonlySet<LinkEnding['why']> = new Set(['alreadyConfirmed', 'accepted', 'unlocked', 'restored']);

/** The page for a mailed link that does nothing, and what it says. */
export interface DeadLink {
  readonly name: 'already-done' | 'link-expired';
  readonly values: object;
  /** That of the user, if it is known. */
  readonly locale: string | null;
}

/** Undefined for a problem that is not about a mailed link. @param ending what may be told of the link */
export function deadLink(request: FastifyRequest, problem: Problem, ending?: LinkEnding): DeadLink | undefined {
  if (isIncomplete(request, problem)) return pageOf(problem, INCOMPLETE);
  return isAboutLink(problem) || ending ? pageOf(problem, ending ?? UNKNOWN) : undefined;
}

function pageOf({ instance, detail }: Problem, { why: cause, account, locale }: LinkEnding): DeadLink {
  const why = { [cause]: true };
  if (DONE.has(cause)) {
    // Which cannot be told where another lock may have followed.
    const maySignIn = account === 'open' && cause !== 'unlocked';
    const values = { why, isSuspended: account === 'suspended', maySignIn, signInUrl: null };
    return { name: 'already-done', values, locale };
  }
  const path = instance.split('?', 1)[0] ?? '';
  const freshLinkPath = account === 'suspended' ? null : (INSTEAD[cause] ?? FRESH_LINKS[path] ?? null);
  return { name: 'link-expired', values: { explanation: detail, why, freshLinkPath }, locale };
}

/** Somebody followed a link from which its token, the one thing that the page takes, got lost. */
function isIncomplete({ method, url }: FastifyRequest, { code, errors = [] }: Problem): boolean {
  if (method !== 'GET' || code !== 'validation-failed') return false;
  return LINK_PAGES.has(url.split('?', 1)[0] ?? '') && errors.every(({ path }) => path === 'token');
}

function isAboutLink({ code }: Problem): boolean {
  return code === 'token-expired-or-used' || code === 'already-confirmed';
}
