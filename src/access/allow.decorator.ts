import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiCookieAuth, ApiExtension } from '@nestjs/swagger';
import { ApiProblems } from '../problems/api-problems.js';
import type { Settings } from '../config/settings.js';
import type { Role } from './role.js';

export const ALLOW_METADATA = 'roster:least-role';

/**
 * Declares the lowest role that may call a route, for the guard and the API document.
 * A route without it stops the server at start.
 */
export function Allow(role: Role): MethodDecorator {
  const declared = [SetMetadata(ALLOW_METADATA, role), ApiExtension('x-least-role', role)];
  if (role === 'ANONYMOUS') return applyDecorators(...declared);
  const problems =
    role === 'AUTHENTICATED' ? ApiProblems('not-authenticated') : ApiProblems('not-authenticated', 'forbidden');
  return applyDecorators(...declared, ApiBearerAuth(), ApiCookieAuth('session'), problems);
}

export const SERVICE_TOKEN_METADATA = 'roster:service-token';

/** A setting that holds a bearer token for other services (RFC 6750). */
export type ServiceTokenName = keyof Settings & `${string}_TOKEN`;

/** The service token that a route accepts. */
export interface ServiceToken {
  readonly setting: ServiceTokenName;
  /** Outside production, access is open while the setting is unset. */
  readonly freeInDevelopment: boolean;
}

/** Besides the role of `@Allow`, accepts the bearer token of this setting; there is no caller then. */
export function OrServiceToken(setting: ServiceTokenName, { freeInDevelopment = false } = {}): MethodDecorator {
  return SetMetadata(SERVICE_TOKEN_METADATA, { setting, freeInDevelopment } satisfies ServiceToken);
}

export const SETUP_METADATA = 'roster:setup-token';

/** Besides sessions, accepts the token of a sign-in that has to set up a second factor; for the user it was issued to alone. */
export function OrSetupToken(): MethodDecorator {
  return SetMetadata(SETUP_METADATA, true);
}

export const NO_USE_METADATA = 'roster:no-use-of-a-session';

/**
 * A request does not put off the idle end of its session: pages make it by themselves, so that it says nothing of a person who is there
 * (NIST SP 800-63B-4, 5.2).
 */
export function WithoutUse(): MethodDecorator {
  return SetMetadata(NO_USE_METADATA, true);
}
