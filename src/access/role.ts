/** Least to most: each role includes the ones before it; a caller without a token is ANONYMOUS. */
export const ROLES = ['ANONYMOUS', 'AUTHENTICATED', 'MANAGER', 'ADMIN'] as const;

export type Role = (typeof ROLES)[number];

/** The roles that a user can have: everyone who signs in is at least AUTHENTICATED. */
export const USER_ROLES = ['AUTHENTICATED', 'MANAGER', 'ADMIN'] as const;

export type UserRole = (typeof USER_ROLES)[number];

export function includesRole(actual: Role, required: Role): boolean {
  return ROLES.indexOf(actual) >= ROLES.indexOf(required);
}
