import type { FastifyRequest } from 'fastify';

/**
 * Whether a browser sends this request for a page of another origin (Fetch Metadata; RFC 6454, 7.3). Clients that are no
 * browsers send neither header, and are nobody's victims.
 * @param origins those whose pages are trusted
 */
export function isForeign({ headers }: Pick<FastifyRequest, 'headers'>, origins: readonly string[]): boolean {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (origin !== undefined && origins.includes(origin)) return false;
  // `none` is a person who typed the address, or opened a bookmark.
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined;
}
