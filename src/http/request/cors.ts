import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { isProtocol } from '../protocol.js';

/** Response headers exposed to other origins, besides the safelisted ones (Fetch standard, 3.2.3). */
const EXPOSED = [
  ...['Allow', 'Content-Disposition', 'ETag', 'Link', 'Location', 'Retry-After', 'WWW-Authenticate', 'X-Trace-Id'],
].join(', ');

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';

/** For a preflight that does not name the request headers. */
const HEADERS = [
  ...['Accept', 'Accept-Language', 'Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match'],
  ...['Last-Event-ID', 'X-Request-Id', 'traceparent', 'tracestate'],
].join(', ');
// The characters of a list of header names (RFC 9110, 5.6.2).
const NAMES = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,2000}$/;

/** Chromium caps the lifetime of a preflight here. */
const PREFLIGHT_GOOD_FOR_SECONDS = 7200;

/**
 * Lets pages of these origins call the API (Fetch standard, "CORS protocol") with every method and header: a listed origin is
 * trusted like a program on a server, which can send anything. With cookies, which browsers send from pages of the same site only
 * (`SameSite`). Errors are readable like other responses.
 */
export function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    // Whose pages may call the endpoints of OAuth is a matter of the application's registration.
    if (isProtocol(request)) {
      done();
      return;
    }
    void reply.headers(corsHeaders(request.headers, origins));
    const { origin, 'access-control-request-method': wanted } = request.headers;
    if (request.method === 'OPTIONS' && origin !== undefined && wanted !== undefined) void reply.code(204).send();
    else done();
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    // A handler may have set its own, such as that of the feed.
    const vary = String(reply.getHeader('vary') ?? '');
    if (!/\borigin\b/i.test(vary)) void reply.header('vary', vary === '' ? 'Origin' : `${vary}, Origin`);
    done(null, payload);
  });
}

/** The CORS headers of the response to a request with these headers. */
export function corsHeaders(request: IncomingHttpHeaders, origins: readonly string[]): Record<string, string> {
  const { origin } = request;
  if (origin === undefined || !origins.includes(origin)) return { vary: 'Origin' };
  const allowed = {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
  };
  if (request['access-control-request-method'] === undefined) {
    return { ...allowed, 'access-control-expose-headers': EXPOSED };
  }
  const asked = request['access-control-request-headers'];
  return {
    ...allowed,
    vary: 'Origin, Access-Control-Request-Headers',
    'access-control-allow-methods': METHODS,
    'access-control-allow-headers': asked !== undefined && NAMES.test(asked) ? asked : HEADERS,
    'access-control-max-age': String(PREFLIGHT_GOOD_FOR_SECONDS),
  };
}
