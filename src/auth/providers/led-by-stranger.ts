import type { FastifyRequest } from 'fastify';

/**
 * Whether a page of another site has led the browser here: if the provider knows the person, who is never asked there, that page would
 * sign them in, to an account that they may not want to use here (login CSRF; RFC 9700, 4.7), or get a code of an application to a verifier of its own, wherever that
 * application lets go of it. A browser that does not say where it
 * comes from (Fetch Metadata) is believed, and so is a page that says that it is of one of these origins, since it can hide where it
 * is from, but not lie about it.
 */
export function isLedByStranger({ headers }: Pick<FastifyRequest, 'headers'>, origins: readonly string[]): boolean {
  if (headers['sec-fetch-site'] !== 'cross-site') return false;
  const from = URL.parse(headers.referer ?? '')?.origin;
  return from === undefined || !origins.includes(from);
}
