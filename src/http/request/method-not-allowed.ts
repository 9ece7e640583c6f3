import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { DomainError } from '../../problems/domain-error.js';

/** The address exists, and takes other methods: `Allow` names them (RFC 9110, 15.5.6). */
export class MethodNotAllowed extends DomainError {
  readonly code = 'method-not-allowed';
  constructor(allowed: readonly string[]) {
    super(`This path supports ${allowed.join(', ')}.`);
  }
}

interface RouteAddress {
  readonly pattern: RegExp;
  readonly parameters: number;
  readonly segments: number;
  readonly methods: Set<string>;
}

/**
 * Answers a known path that is called with another method by 405 rather than 404; a written path, such as `/users/me`, is
 * never taken for the parameter of another. Has to be there before any route.
 */
export function refuseOtherMethods(fastify: FastifyInstance): void {
  const addresses = new Map<string, RouteAddress>();
  fastify.addHook('onRoute', ({ url, method }: RouteOptions) => {
    // Files, and CORS, which answers OPTIONS of whatever there may be.
    if (url.includes('*')) return;
    const known = addresses.get(url) ?? addressOf(url);
    for (const one of [method].flat()) known.methods.add(one);
    addresses.set(url, known);
  });
  const rivals = new Map<string | undefined, readonly RouteAddress[]>();
  fastify.addHook('onRequest', (request, reply, done) => {
    const { url } = request.routeOptions;
    let others = rivals.get(url);
    if (!others) rivals.set(url, (others = rivalsOf(url, addresses)));
    const address = others.length === 0 ? undefined : addressFor(request, others);
    if (!address || address.methods.has(request.method)) {
      done();
      return;
    }
    const allowed = [...address.methods].sort();
    void reply.header('allow', allowed.join(', '));
    done(new MethodNotAllowed(allowed));
  });
}

/**
 * What may have been meant where the router took this route, the most closely written first: addresses with fewer
 * parameters; all of them where it found no route.
 */
function rivalsOf(url: string | undefined, addresses: ReadonlyMap<string, RouteAddress>): readonly RouteAddress[] {
  if (url?.includes('*')) return [];
  const found = url === undefined ? undefined : addresses.get(url);
  return [...addresses.values()]
    .filter(({ parameters, segments }) => !found || (parameters < found.parameters && segments === found.segments))
    .sort((one, other) => one.parameters - other.parameters);
}

function addressFor(request: FastifyRequest, addresses: readonly RouteAddress[]): RouteAddress | undefined {
  const path = request.url.split('?', 1)[0] ?? '/';
  return addresses.find(({ pattern }) => pattern.test(path));
}

function addressOf(url: string): RouteAddress {
  const parts = url.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll('.', '\\.')));
  return {
    pattern: new RegExp(`^${parts.join('/')}$`),
    parameters: parts.filter((part) => part === '[^/]+').length,
    segments: parts.length,
    methods: new Set(),
  };
}
