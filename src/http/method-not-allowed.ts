import type { FastifyInstance, RouteOptions } from 'fastify';
import { DomainError } from './domain-error.js';

/** The address exists, and takes other methods: `Allow` names them (RFC 9110, 15.5.6). */
export class MethodNotAllowed extends DomainError {
  readonly code = 'method-not-allowed';
  constructor(allowed: readonly string[]) {
    super(`This address takes ${allowed.join(', ')}.`);
  }
}

/** Answers a known path that is called with another method by 405 rather than 404. Before any route is added. */
export function refuseOtherMethods(fastify: FastifyInstance): void {
  const routes: { readonly path: RegExp; readonly methods: readonly string[] }[] = [];
  fastify.addHook('onRoute', ({ url, method }: RouteOptions) => {
    // Files, and CORS, which answers OPTIONS of whatever there may be.
    if (url.includes('*')) return;
    const parts = url.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll('.', '\\.')));
    routes.push({ path: new RegExp(`^${parts.join('/')}$`), methods: [method].flat() });
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    const path = request.url.split('?', 1)[0] ?? '/';
    const matching = request.is404 ? routes.filter((route) => route.path.test(path)) : [];
    if (matching.length === 0) {
      done();
      return;
    }
    const allowed = [...new Set(matching.flatMap(({ methods }) => methods))].sort();
    void reply.header('allow', allowed.join(', '));
    done(new MethodNotAllowed(allowed));
  });
}
