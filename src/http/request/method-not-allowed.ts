import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { DomainError } from '../../problems/domain-error.js';

/** The path exists but supports other methods, named in `Allow` (RFC 9110, 15.5.6). */
export class MethodNotAllowed extends DomainError {
  readonly code = 'method-not-allowed';
  constructor(allowed: readonly string[]) {
    super(`This path supports ${allowed.join(', ')}.`);
  }
}

const PARAMETER = '[^/]+';

interface RouteAddress {
  readonly pattern: RegExp;
  readonly parameters: number;
  readonly segments: readonly string[];
  readonly methods: Set<string>;
}

/**
 * Answers an unsupported method on a known path with 405 rather than 404; a literal path such as `/users/me` never matches the
 * parameter of another route. Must be set up before any route.
 */
export function refuseOtherMethods(fastify: FastifyInstance): void {
  const addresses = new Map<string, RouteAddress>();
  fastify.addHook('onRoute', ({ url, method }: RouteOptions) => {
    // Static files, and CORS, which answers OPTIONS everywhere.
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
 * The routes that may have been meant, most specific first: those with fewer parameters than the matched route that its paths may
 * match as well, or all of them if none matched.
 */
function rivalsOf(url: string | undefined, addresses: ReadonlyMap<string, RouteAddress>): readonly RouteAddress[] {
  if (url?.includes('*')) return [];
  const found = url === undefined ? undefined : addresses.get(url);
  return [...addresses.values()]
    .filter((other) => !found || (other.parameters < found.parameters && mayBothMatch(found, other)))
    .sort((one, other) => one.parameters - other.parameters);
}

/** Whether there are paths that both match. */
function mayBothMatch({ segments }: RouteAddress, other: RouteAddress): boolean {
  const agree = (segment: string, at: number): boolean =>
    segment === other.segments[at] || segment === PARAMETER || other.segments[at] === PARAMETER;
  return segments.length === other.segments.length && segments.every(agree);
}

function addressFor(request: FastifyRequest, addresses: readonly RouteAddress[]): RouteAddress | undefined {
  const path = request.url.split('?', 1)[0] ?? '/';
  return addresses.find(({ pattern }) => pattern.test(path));
}

function addressOf(url: string): RouteAddress {
  const segments = url.split('/').map((part) => (part.startsWith(':') ? PARAMETER : part.replaceAll('.', '\\.')));
  return {
    pattern: new RegExp(`^${segments.join('/')}$`),
    parameters: segments.filter((segment) => segment === PARAMETER).length,
    segments,
    methods: new Set(),
  };
}
