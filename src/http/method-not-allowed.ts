import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { DomainError } from './domain-error.js';

/** The address exists, and takes other methods: `Allow` names them (RFC 9110, 15.5.6). */
export class MethodNotAllowed extends DomainError {
  readonly code = 'method-not-allowed';
  constructor(allowed: readonly string[]) {
    super(`This address takes ${allowed.join(', ')}.`);
  }
}

interface Address {
  readonly pattern: RegExp;
  readonly parameters: number;
  readonly methods: Set<string>;
}

/**
 * Answers a known path that is called with another method by 405 rather than 404; a written path, such as `/users/me`, is
 * never taken for the parameter of another. Has to be there before any route.
 */
export function refuseOtherMethods(fastify: FastifyInstance): void {
  const addresses = new Map<string, Address>();
  fastify.addHook('onRoute', ({ url, method }: RouteOptions) => {
    // Files, and CORS, which answers OPTIONS of whatever there may be.
    if (url.includes('*')) return;
    const known = addresses.get(url) ?? addressOf(url);
    for (const one of [method].flat()) known.methods.add(one);
    addresses.set(url, known);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    const address = addressFor(request, [...addresses.values()]);
    if (!address || address.methods.has(request.method)) {
      done();
      return;
    }
    const allowed = [...address.methods].sort();
    void reply.header('allow', allowed.join(', '));
    done(new MethodNotAllowed(allowed));
  });
}

function addressFor(request: FastifyRequest, addresses: readonly Address[]): Address | undefined {
  if (request.routeOptions.url?.includes('*')) return undefined;
  const path = request.url.split('?', 1)[0] ?? '/';
  return addresses
    .filter(({ pattern }) => pattern.test(path))
    .sort((one, other) => one.parameters - other.parameters)
    .at(0);
}

function addressOf(url: string): Address {
  const parts = url.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll('.', '\\.')));
  return {
    pattern: new RegExp(`^${parts.join('/')}$`),
    parameters: parts.filter((part) => part === '[^/]+').length,
    methods: new Set(),
  };
}
