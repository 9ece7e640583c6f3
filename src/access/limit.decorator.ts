import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiProblems } from '../problems/api-problems.js';

export const LIMIT_METADATA = 'roster:rate-limit';

/** How often something may be done, in a window that begins with the first time. */
interface RateRule {
  readonly times: number;
  readonly seconds: number;
}

/**
 * Every rate limit. They keep machines off, and are far above what people do: an office of many behind one address, or one
 * person with a script.
 */
export const RATE_RULES = {
  /** Sign-ins by one client, whatever the accounts. */
  'sign-in-by-client': { times: 120, seconds: 60 },
  /** Sign-ins under one email address or username; those of a known device by themselves. */
  'sign-in-by-account': { times: 40, seconds: 60 },
  /** Registrations by one client: each costs a hash, and a mail. */
  registration: { times: 60, seconds: 600 },
  /** Requests of one client for mails to some address: fresh links, resets. */
  'mail-request': { times: 60, seconds: 600 },
  /** Links that one client opens. */
  'link-use': { times: 120, seconds: 600 },
  /** Contacts that one user adds or asks to be confirmed: each mails an address that may be a stranger's. */
  'contact-mail': { times: 30, seconds: 86_400 },
  /** Mails that somebody has sent again. */
  'mail-resend': { times: 60, seconds: 3600 },
  /** Mails that are sent again to one user, whoever wants that. */
  'mail-resend-to-user': { times: 5, seconds: 3600 },
} as const satisfies Record<string, RateRule>;
export type RateRuleName = keyof typeof RATE_RULES;

/**
 * Counts the calls of a route, for the signed-in caller, else for the client by its address, before the route does anything;
 * beyond the rule they are answered 429. Nothing is counted with `RATE_LIMIT_ENABLED=false`.
 */
export function Limit(rule: RateRuleName): MethodDecorator {
  return applyDecorators(SetMetadata(LIMIT_METADATA, rule), ApiProblems('too-many-requests'));
}
