import type { FastifyInstance, FastifyRequest } from 'fastify';
import { traceparentIn, w3cTraceId } from '../config/trace-id.js';
import type { OpenSpan } from '../tracing/span.js';
import { activeTracer } from '../tracing/tracing.js';

/** Asked for by machines every few seconds; a trace of each would hide the others. */
const UNTRACED = /^\/(?:health|metrics)(?:[/?]|$)/;

const spans = new WeakMap<FastifyRequest, OpenSpan>();

/** Opens a span for every request, below that of the caller who sent `traceparent`, and runs its handler in it. */
export function addRequestSpans(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const span = UNTRACED.test(request.url) ? undefined : openRequestSpan(request);
    if (!span) {
      done();
      return;
    }
    spans.set(request, span);
    span.run(done);
  });
  // Reading the body has left the span.
  fastify.addHook('preValidation', (request, _reply, done) => {
    const span = spans.get(request);
    if (span) span.run(done);
    else done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.note({ 'http.response.status_code': reply.statusCode });
    span?.end(reply.statusCode >= 500 ? String(reply.statusCode) : undefined);
    done();
  });
}

/** Named by the pattern of the route: paths hold ids, and queries may hold addresses and tokens. */
function openRequestSpan(request: FastifyRequest): OpenSpan | undefined {
  const { id, method, routeOptions } = request;
  const route = routeOptions.url;
  const parent = traceparentIn(request.raw);
  return activeTracer()?.open({
    name: route === undefined ? method : `${method} ${route}`,
    kind: 'server',
    parent,
    trace: id,
    facts: {
      'http.request.method': method,
      'http.route': route,
      // Where it is not the id of the trace itself.
      ...(w3cTraceId(id) !== id && { 'roster.trace_id': id }),
    },
  });
}
