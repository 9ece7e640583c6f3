import type { FastifyRequest } from 'fastify';

/**
 * Whether a browser sends this request on behalf of another origin (Fetch Metadata; RFC 6454, 7.3). Other clients send neither
 * header and are not exposed to CSRF.
 * @param origins those whose pages are trusted
 */
export function isForeign({ headers }: Pick<FastifyRequest, 'headers'>, origins: readonly string[]): boolean {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (origin !== undefined && origins.includes(origin)) return false;
  // `none`: the user typed the URL or opened a bookmark.
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined;
}

/** The origins whose pages are trusted: our own, and those of `CORS_ORIGINS`. */
export function trustedOrigins(publicUrl: string, corsOrigins: readonly string[] = []): string[] {
  return [new URL(publicUrl).origin, ...corsOrigins];
}
