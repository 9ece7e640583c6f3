/** In ascending order; each role includes the ones before it. A caller without a token is ANONYMOUS. */
export const ROLES = ['ANONYMOUS', 'AUTHENTICATED', 'MANAGER', 'ADMIN'] as const;

export type Role = (typeof ROLES)[number];

/** The roles of users; every signed-in user is at least AUTHENTICATED. */
export const USER_ROLES = ['AUTHENTICATED', 'MANAGER', 'ADMIN'] as const;

export type UserRole = (typeof USER_ROLES)[number];

/** People sign in; services have keys. */
export const USER_KINDS = ['PERSON', 'SERVICE'] as const;
export type UserKind = (typeof USER_KINDS)[number];

export function includesRole(actual: Role, required: Role): boolean {
  return ROLES.indexOf(actual) >= ROLES.indexOf(required);
}
