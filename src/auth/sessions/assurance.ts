/** How and when the user of a session proved who they are. */
export interface Assurance {
  /** Authentication methods (RFC 8176, 2); empty for a session of a release that did not record them. */
  readonly amr: readonly string[];
  /** The last proof. */
  readonly authenticatedAt: Date;
}

/** Authentication assurance levels (NIST SP 800-63B-4): `aal2` is two different factors. */
export const ASSURANCE_LEVELS = ['aal1', 'aal2'] as const;
export type AssuranceLevel = (typeof ASSURANCE_LEVELS)[number];

/** In `amr`: more than one factor was used (RFC 8176, 2). */
export const MULTIPLE_FACTORS = 'mfa';

/** More than there are methods. */
export const MAX_AMR = 10;

export function levelOf(amr: readonly string[]): AssuranceLevel {
  return amr.includes(MULTIPLE_FACTORS) ? 'aal2' : 'aal1';
}

/** The claims of OpenID Connect Core 2 that access tokens and introspection carry (RFC 9068, 2.2.1). */
export interface AssuranceClaims {
  readonly acr: AssuranceLevel;
  /** Absent if not known. */
  readonly amr?: readonly string[];
  /** Seconds since 1970. */
  readonly auth_time: number;
}

export function claimsOf({ amr, authenticatedAt }: Assurance): AssuranceClaims {
  return {
    acr: levelOf(amr),
    ...(amr.length > 0 && { amr }),
    auth_time: Math.floor(authenticatedAt.getTime() / 1000),
  };
}
