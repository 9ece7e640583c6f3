import type { DynamicModule, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { linkWarnings } from '../config/link-urls.js';
import { productionWarnings } from '../config/production.js';
import { pathPrefixOf, withoutPrefix } from '../config/path-prefix.js';
import type { Settings } from '../config/settings.js';
import { setUpApiDocument } from '../http/openapi/api-document.js';
import { addBodyParsers, addStreamedBodies } from '../http/request/body.js';
import { refuseBrokenRequest } from '../http/request/broken-request.js';
import { clientAddress, within } from '../access/client-address.js';
import { allowOrigins, corsHeaders } from '../http/request/cors.js';
import { Drain } from './drain.js';
import { addPathPrefix } from './path-prefix.js';
import { refuseOtherMethods } from '../http/request/method-not-allowed.js';
import { PROBLEM_CONTENT_TYPE, problemFrom } from '../http/problem.js';
import { lowerCasePathIds } from '../http/request/path-ids.js';
import { LONGEST_PATH, refuseUnreadableAddresses } from '../http/request/request-target.js';
import { securityHeaders } from '../http/request/security-headers.js';
import { shownPath } from '../http/request/shown-path.js';
import { tracedIdFrom, traceIdFrom } from '../config/trace-id.js';
import { type Log, nestLogger } from '../ops/log.js';
import { isTraced, startTracing } from '../tracing/tracing.js';
import { addRequestSpans } from './request-spans.js';

const BODY_LIMIT_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;

/** The HTTP application as run by the server and the tests and embedded by others; not listening yet. */
export async function createApp(
  root: DynamicModule,
  settings: Settings,
  log: Log,
  { adapter = createAdapter(settings, log), logger = nestLogger(log) }: AppParts = {},
): Promise<NestFastifyApplication> {
  const fastify = adapter.getInstance<FastifyInstance>();
  findClients(fastify, settings);
  addBodyParsers(fastify);
  addStreamedBodies(fastify, '/users/import', ['text/csv', 'application/x-ndjson']);
  addHeaders(fastify, settings);
  addPathPrefix(fastify, settings.PUBLIC_URL);
  addLog(fastify, log);
  await addTraces(fastify, settings, log);
  if (settings.CORS_ORIGINS) allowOrigins(fastify, settings.CORS_ORIGINS);
  fastify.decorate('drain', new Drain(fastify, settings));
  lowerCasePathIds(fastify);
  refuseUnreadableAddresses(fastify);
  refuseOtherMethods(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    bodyParser: false,
    // A logger given here becomes that of the whole process.
    ...(logger !== null && { logger }),
    abortOnError: false,
  });
  if (settings.DOCS_ENABLED) setUpApiDocument(app, pathPrefixOf(settings.PUBLIC_URL));
  if (settings.NODE_ENV === 'production') for (const warning of productionWarnings(settings)) log.warn(warning);
  for (const warning of linkWarnings(settings)) log.warn(warning);
  return app;
}

interface AppParts {
  readonly adapter?: FastifyAdapter;
  /** For Nest's own messages; null keeps the current logger of the process. */
  readonly logger?: LoggerService | null;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly drain: Drain;
  }
}

/** Fastify configured for Roster. */
export function createAdapter(settings: Settings, log: Log): FastifyAdapter {
  const prefix = pathPrefixOf(settings.PUBLIC_URL);
  return new FastifyAdapter({
    ...(prefix !== '' && { rewriteUrl: ({ url = '/' }) => withoutPrefix(url, prefix) }),
    genReqId: isTraced(settings) ? tracedIdFrom : traceIdFrom,
    requestIdHeader: false,
    loggerInstance: log,
    // Requests are logged by our own hooks; see addLog.
    logController: new LogController({ requestIdLogLabel: 'traceId', disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // It would also end a drain after ten seconds, which keeps to SHUTDOWN_TIMEOUT by itself.
    pluginTimeout: 0,
    forceCloseConnections: 'idle',
    // Fastify would answer without a problem body; see Drain.
    return503OnClosing: false,
    frameworkErrors: refuserBeforeRouting(settings),
    clientErrorHandler: refuseBrokenRequest,
    // More than any path has, so that the router never falls through to another route because of it.
    routerOptions: { maxParamLength: LONGEST_PATH },
  });
}

/** Sets `request.ip` of every request, before anything can refuse it. */
function findClients(fastify: FastifyInstance, { TRUST_PROXY }: Settings): void {
  const isProxy = within(TRUST_PROXY ?? []);
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { headers, socket } = request.raw;
    const value = clientAddress(socket.remoteAddress, headers['x-forwarded-for'], isProxy);
    // Fastify's own handles neither ports nor `unknown`.
    Object.defineProperty(request, 'ip', { value });
    done();
  });
}

/** The headers of every response, set before anything can refuse the request. */
function addHeaders(fastify: FastifyInstance, settings: Settings): void {
  const common = commonHeaders(settings);
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(common).header('x-trace-id', request.id);
    // The API description is requested repeatedly and the same for everybody.
    if (request.routeOptions.url?.startsWith('/docs')) void reply.header('cache-control', 'no-cache');
    done();
  });
}

function commonHeaders({ PUBLIC_URL }: Settings): Readonly<Record<string, string>> {
  const security = securityHeaders({
    // Swagger UI has inline style elements; pages with tokens send a stricter policy themselves.
    contentSecurityPolicy: {
      directives: { 'style-src': ["'self'", "'unsafe-inline'"], 'upgrade-insecure-requests': null },
    },
    hsts: PUBLIC_URL.startsWith('https:'),
  });
  // Nearly all responses contain personal data (ASVS 5.0 V14.3.2); cacheable ones override this.
  return { ...security, 'cache-control': 'no-store' };
}

function addLog(fastify: FastifyInstance, log: Log): void {
  // These are most log lines and cannot contain secrets; redaction would take longer than writing them.
  const requests = log.child({}, { redact: [] });
  fastify.addHook('onRequest', (request, _reply, done) => {
    requests.info({ traceId: request.id, method: request.method, path: shownPath(request.url) }, 'request started');
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    requests.info(
      {
        traceId: request.id,
        method: request.method,
        path: shownPath(request.url),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ...(request.caller && { userId: request.caller.userId }),
      },
      'request completed',
    );
    done();
  });
}

async function addTraces(fastify: FastifyInstance, settings: Settings, log: Log): Promise<void> {
  if (!isTraced(settings)) return;
  const stop = await startTracing(settings, log);
  addRequestSpans(fastify);
  // After the last request; background work has ended before.
  fastify.addHook('onClose', stop);
}

/** A URL that the router cannot read: no hook and no filter has run. */
function refuserBeforeRouting(settings: Settings) {
  const common = commonHeaders(settings);
  return ({ code, statusCode }: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    // Fastify's own message contains the URL.
    const cause = Object.assign(new Error('The request URI is malformed.'), { code, statusCode });
    const problem = problemFrom(cause, { instance: request.url, traceId: request.id });
    void reply
      .code(problem.status)
      .headers({ ...common, ...(settings.CORS_ORIGINS && corsHeaders(request.headers, settings.CORS_ORIGINS)) })
      .headers({ 'content-type': PROBLEM_CONTENT_TYPE, 'x-trace-id': request.id })
      .send(JSON.stringify(problem));
  };
}
