import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiProblems } from '../problems/api-problems.js';

export const LIMIT_METADATA = 'roster:rate-limit';

/** The limit per window, which begins with the first occurrence. */
interface RateRule {
  readonly times: number;
  readonly seconds: number;
}

/**
 * Every rate limit. They stop bots and are far above legitimate use, such as an office behind one address or a user with a script.
 */
export const RATE_RULES = {
  /** Sign-ins by one client, whatever the accounts. */
  'sign-in-by-client': { times: 120, seconds: 60 },
  /** Sign-ins with one email address or username; known devices count separately. */
  'sign-in-by-account': { times: 40, seconds: 60 },
  /** Challenges for passkeys by one client: each is a row for five minutes, and sign-in pages ask for one when they open. */
  'passkey-options': { times: 240, seconds: 60 },
  /** Sign-ins by a provider that one client begins: each is a row for ten minutes. */
  'provider-start': { times: 120, seconds: 60 },
  /** Sign-ins to applications that one client begins: each is a row for half an hour; an office comes from one address. */
  'authorize-by-client': { times: 600, seconds: 60 },
  /** Codes of devices that one user enters: each is a guess. */
  'device-code': { times: 30, seconds: 600 },
  /**
   * Requests to the token endpoint and its neighbours from one address. None are counted by the application that they name: anybody can
   * name it, and would stop it for everybody.
   */
  'openid-by-client': { times: 1200, seconds: 60 },
  /** Requests to the userinfo endpoint from one address, such as an application that looks at each of its requests. */
  'userinfo-by-client': { times: 6000, seconds: 60 },
  /** Registrations by one client: each costs a hash, and a mail. */
  registration: { times: 60, seconds: 600 },
  /** Mails requested by one client for any address: fresh links, resets. */
  'mail-request': { times: 60, seconds: 600 },
  /** Links opened by one client. */
  'link-use': { times: 120, seconds: 600 },
  /** Contacts that one user adds or sends a confirmation for: each mails an address that may be a stranger's. */
  'contact-mail': { times: 30, seconds: 86_400 },
  /** Keys of service accounts that nobody was given, from one client: each costs a look into the database. */
  'wrong-key': { times: 60, seconds: 60 },
  /** Mails resent by one caller. */
  'mail-resend': { times: 60, seconds: 3600 },
  /** Mails resent to one user, by any caller. */
  'mail-resend-to-user': { times: 5, seconds: 3600 },
} as const satisfies Record<string, RateRule>;
export type RateRuleName = keyof typeof RATE_RULES;

/**
 * Counts calls of a route per authenticated caller, or else per client address, before the route does anything; beyond the limit
 * they are answered with 429. Nothing is counted with `RATE_LIMIT_ENABLED=false`.
 */
export function Limit(rule: RateRuleName): MethodDecorator {
  return applyDecorators(SetMetadata(LIMIT_METADATA, rule), ApiProblems('too-many-requests'));
}
