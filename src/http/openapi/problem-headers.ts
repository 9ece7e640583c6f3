/** The header `WWW-Authenticate` of a 403 with `insufficient-scope`; that of other codes has none. */
export const SCOPE_CHALLENGE = {
  description: 'with `insufficient-scope`, the scope that is missing (RFC 6750, 3.1)',
  schema: { type: 'string', pattern: '^Bearer' },
  example: 'Bearer error="insufficient_scope", scope="users:read"',
} as const;

/** What problems with this status always carry, besides the trace id. */
export function headersOf(status: number): readonly ('WWW-Authenticate' | 'Retry-After')[] {
  if (status === 401) return ['WWW-Authenticate'];
  return status === 429 || status === 503 ? ['Retry-After'] : [];
}
