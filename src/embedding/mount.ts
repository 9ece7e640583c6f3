import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';

export interface MountedRoute {
  readonly method: HTTPMethods;
  readonly url: string;
}

/** Records every route added to `fastify` from now on, except catch-all routes of Fastify or plugins. */
export function noteRoutes(fastify: FastifyInstance): readonly MountedRoute[] {
  const routes: MountedRoute[] = [];
  fastify.addHook('onRoute', ({ method, url }) => {
    if (/^\/?\*$/.test(url)) return;
    const methods = [method].flat();
    // The root belongs to the application, even without a route of its own there (such as a static site).
    if (url === '/' || url === '') return;
    // The host's Fastify answers HEAD by GET itself.
    routes.push(...methods.filter((one) => one !== 'HEAD' && one !== 'OPTIONS').map((one) => ({ method: one, url })));
  });
  return routes;
}

/** Adds the cookies that the host has set on a response (`handOver`) to those of Roster, which would replace them. */
export function keepCookiesOfHost(inner: FastifyInstance): void {
  inner.addHook('onSend', (_request, reply, payload, done) => {
    const cookies = reply.raw.getHeader('set-cookie');
    if (cookies !== undefined) void reply.header('set-cookie', [cookies].flat().map(String));
    done(null, payload);
  });
}

/** Browsers send an OPTIONS preflight to other origins, so every path must be forwarded for that, too. */
export function withPreflights(routes: readonly MountedRoute[]): readonly MountedRoute[] {
  const urls = new Set(routes.map(({ url }) => url));
  return [...routes, ...[...urls].map((url) => ({ method: 'OPTIONS' as const, url }))];
}

/**
 * Forwards requests for these routes to `inner` before the host reads their bodies, as if `inner` had received them itself. Routes
 * that the host declares too stay with the host.
 * @returns the routes that stay with the host
 */
export function mount(host: FastifyInstance, inner: FastifyInstance, routes: readonly MountedRoute[]): MountedRoute[] {
  const handOver = (request: FastifyRequest, reply: FastifyReply): void => {
    // Keeps headers set by the host's hooks, such as CORS; Roster's own take precedence.
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
      // The same path with another parameter name.
      if ((error as { code?: unknown }).code === 'FST_ERR_DUPLICATED_ROUTE') return true;
      throw error;
    }
  });
}
