/**
 * What the keys of a service account may be used for, in the way of OAuth 2.0 (RFC 6749, 3.3). A scope never adds to the role: a route
 * asks for both.
 */
export const SCOPES = ['users:read', 'users:write', 'events:read', 'introspect', 'verify', 'revocations:read'] as const;
export type Scope = (typeof SCOPES)[number];

/** Space-separated, as RFC 6749 writes a scope. Each once, in the order of `SCOPES`. */
export function scopeText(scopes: readonly Scope[]): string {
  return SCOPES.filter((scope) => scopes.includes(scope)).join(' ');
}

/** The scopes in such a text. Those that this release does not know are left out. */
export function scopesOf(text: string | null): Scope[] {
  const named = text?.split(' ') ?? [];
  return SCOPES.filter((scope) => named.includes(scope));
}
