const ROLES = ['AUTHENTICATED', 'MANAGER', 'ADMIN'] as const;

export type Role = (typeof ROLES)[number];

/** Whose token a request has. */
export interface RosterUser {
  /** Never changes, and is never given to another user. */
  readonly id: string;
  readonly role: Role;
  readonly sessionId: string;
  /** Everything that the token says. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}

/** Whether it is one of these roles, or a higher one; true for none. */
export function hasOneOf(role: Role, roles: readonly Role[]): boolean {
  return roles.length === 0 || roles.some((needed) => ROLES.indexOf(role) >= ROLES.indexOf(needed));
}
