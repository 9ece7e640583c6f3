import type { FastifyRequest } from 'fastify';
import type { Problem } from './problem.js';

/** The error codes of OAuth for what is refused before anything of the protocol is looked at. */
const CODES: Readonly<Record<number, string>> = { 429: 'temporarily_unavailable', 503: 'temporarily_unavailable' };

/** Whether the route of this request is an endpoint of OAuth 2.0 or OpenID Connect. */
export function isProtocol({ routeOptions }: Pick<FastifyRequest, 'routeOptions'>): boolean {
  return (routeOptions.config as { protocol?: boolean }).protocol === true;
}

/** An error as clients of these protocols read it (RFC 6749, 5.2). */
export function protocolError({ status, detail }: Problem): {
  readonly error: string;
  readonly error_description: string;
} {
  const error = CODES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request');
  return { error, error_description: detail };
}
