import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';

export interface MountedRoute {
  readonly method: HTTPMethods;
  readonly url: string;
}

/** Notes every route that `fastify` gets from now on, but for those that Fastify or a plugin adds for all addresses. */
export function noteRoutes(fastify: FastifyInstance): readonly MountedRoute[] {
  const routes: MountedRoute[] = [];
  fastify.addHook('onRoute', ({ method, url }) => {
    if (/^\/?\*$/.test(url)) return;
    const methods = [method].flat();
    // What is at the root is the application's own matter, also where it has no route for that alone (such as a site of static files).
    if (url === '/' || url === '') return;
    // The host's Fastify answers HEAD by GET itself.
    routes.push(...methods.filter((one) => one !== 'HEAD' && one !== 'OPTIONS').map((one) => ({ method: one, url })));
  });
  return routes;
}

/** Browsers ask by OPTIONS before they send a request to another origin; each address has to lead inside for that, too. */
export function withPreflights(routes: readonly MountedRoute[]): readonly MountedRoute[] {
  const urls = new Set(routes.map(({ url }) => url));
  return [...routes, ...[...urls].map((url) => ({ method: 'OPTIONS' as const, url }))];
}

/**
 * Hands requests for these routes over to `inner` before the host has read their bodies: what follows is as if `inner` had
 * received them itself. A route that the host has too stays the host's.
 * @returns the routes that stayed the host's
 */
export function mount(host: FastifyInstance, inner: FastifyInstance, routes: readonly MountedRoute[]): MountedRoute[] {
  const handOver = (request: FastifyRequest, reply: FastifyReply): void => {
    // What the host's hooks have set for every answer, such as CORS, goes along; what Roster sets itself wins.
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    reply.hijack();
    inner.routing(request.raw, reply.raw);
  };
  return routes.filter(({ method, url }) => {
    if (host.hasRoute({ method, url })) return true;
    try {
      host.route({ method, url, onRequest: handOver, handler: handOver });
      return false;
    } catch (error) {
      // The same address under another name of its parameter.
      if ((error as { code?: unknown }).code === 'FST_ERR_DUPLICATED_ROUTE') return true;
      throw error;
    }
  });
}
