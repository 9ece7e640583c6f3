import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** What browsers let a page of another origin read beside the few that they always do (Fetch standard, 3.2.3). */
const EXPOSED = [
  ...['Allow', 'Content-Disposition', 'ETag', 'Link', 'Location', 'Retry-After', 'WWW-Authenticate', 'X-Trace-Id'],
].join(', ');

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';

/** For a preflight that does not say which headers are to come. */
const HEADERS = [
  ...['Accept', 'Accept-Language', 'Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match'],
  ...['Last-Event-ID', 'X-Request-Id', 'traceparent', 'tracestate'],
].join(', ');
// What a list of names of headers can be made of (RFC 9110, 5.6.2).
const NAMES = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,2000}$/;

/** Longer than this, Chromium asks anew whatever it was told. */
const PREFLIGHT_GOOD_FOR_SECONDS = 7200;

/**
 * Lets pages of these origins call the API (Fetch standard, "CORS protocol"), with every method and header: a listed origin
 * is trusted as a program on a server is, which can send what it likes. Cookies stay out of it: a page of another origin
 * sends tokens. Errors are readable as other answers are.
 */
export function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): void {
  fastify.addHook('onRequest', (request, reply, done) => {
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

/** What an answer to a request with these headers says to a browser. */
export function corsHeaders(request: IncomingHttpHeaders, origins: readonly string[]): Record<string, string> {
  const { origin } = request;
  if (origin === undefined || !origins.includes(origin)) return { vary: 'Origin' };
  const allowed = { vary: 'Origin', 'access-control-allow-origin': origin };
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
