import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiCookieAuth, ApiExtension, ApiSecurity } from '@nestjs/swagger';
import { ApiProblems } from '../problems/api-problems.js';
import type { Settings } from '../config/settings.js';
import type { Role } from './role.js';
import type { Scope } from './scopes.js';

// `too-many-requests` is for clients that send wrong keys.
const REFUSED = ['not-authenticated', 'forbidden', 'too-many-requests'] as const;

export const ALLOW_METADATA = 'roster:least-role';

/**
 * Declares the lowest role that may call a route, for the guard and the API document.
 * A route without it stops the server at start.
 * @param scope what a service account of that role needs besides. Without it, the route is for people alone
 */
export function Allow(role: Role, scope?: Scope): MethodDecorator {
  const declared = [SetMetadata(ALLOW_METADATA, role), ApiExtension('x-least-role', role)];
  if (role === 'ANONYMOUS') return applyDecorators(...declared);
  const signedIn = [ApiBearerAuth(), ApiCookieAuth('session'), ApiProblems(...REFUSED)];
  return applyDecorators(...declared, ...signedIn, ...(scope ? [forServices({ scope, who: 'of-the-role' })] : []));
}

export const SERVICES_METADATA = 'roster:service-accounts';

/** Which service accounts may call a route. */
export interface ServiceDemand {
  readonly scope: Scope;
  /** Those of the role of `@Allow`; of every role; or of every role, and no person. */
  readonly who: 'of-the-role' | 'any' | 'only';
}

const forServices = (demand: ServiceDemand): MethodDecorator =>
  applyDecorators(
    SetMetadata(SERVICES_METADATA, demand),
    ApiExtension('x-scope', demand.scope),
    ApiProblems('insufficient-scope'),
  );

/** Besides people of the role of `@Allow`, lets in service accounts of any role that have the scope. */
export function OrServiceAccount(scope: Scope): MethodDecorator {
  return forServices({ scope, who: 'any' });
}

/** Stands for `@Allow`: lets in service accounts of any role that have the scope, and nobody else. */
export function AllowServiceAccounts(scope: Scope): MethodDecorator {
  const least: Role = 'AUTHENTICATED';
  return applyDecorators(
    SetMetadata(ALLOW_METADATA, least),
    ApiExtension('x-least-role', least),
    ApiBearerAuth(),
    ApiProblems(...REFUSED),
    forServices({ scope, who: 'only' }),
  );
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

export const CLIENT_METADATA = 'roster:client-credentials';

/** Besides the role of `@Allow`, lets requests in that give the credentials of a client: the handler has to verify them. */
export function OrClientCredentials(): MethodDecorator {
  return applyDecorators(SetMetadata(CLIENT_METADATA, true), ApiSecurity('client'));
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
