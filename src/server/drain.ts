import type { ServerResponse } from 'node:http';
import { Server } from 'node:net';
import { setImmediate as poll, setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { DomainError } from '../problems/domain-error.js';
import { PROBLEM_CONTENT_TYPE, problemFrom, problemHeaders } from '../http/problem.js';

/** The process ends before the request could be served. */
export class ShuttingDown extends DomainError {
  readonly code = 'shutting-down';
  override readonly retryAfterSeconds = 2;
}

const NOTHING_DONE = 'The server is shutting down and did not process the request. Retry it.';
const MAY_BE_DONE =
  'The server shut down before it could respond. The request may have been carried out: check before you retry it.';

/** Long enough for load balancers to notice, and for connections that are being established. */
const LISTEN_ON_MS = 1000;
/** Requests whose body takes longer are not waited for. */
const BODY_WITHIN_MS = 3000;
/** Later requests are refused, as there may be no time to serve them. */
const SERVE_UNTIL_MS = 4000;
/** Requests unanswered by then get an error. */
const ANSWER_UNTIL_MS = 5000;
const CUT_AFTER_MS = 5500;
// If connections arrive faster than they are accepted, some will be cut.
const MOST_TURNS = 50;
/** Without requests for this long, clients with keep-alive connections have been told to reconnect. */
const QUIET_MS = 100;

/**
 * Shuts a server down gracefully: it keeps listening for a second and serves requests, then closes each connection with its next
 * response, and ends when all requests are answered, or after 5.5 seconds.
 */
export class Drain {
  // Not a Set: its internal tables keep answered requests alive, which costs a quarter of a read request.
  private readonly slots: (FastifyReply | undefined)[] = [];
  private readonly freeSlots: number[] = [];
  private stopping: Promise<void> | undefined;
  private closes = false;
  private refuses = false;
  private lastRequestAt = 0;

  private readonly server: FastifyInstance['server'];

  constructor(fastify: FastifyInstance) {
    this.server = fastify.server;
    // Before Fastify, which may answer immediately.
    this.server.prependListener('request', (_request, answer: ServerResponse) => {
      this.lastRequestAt = performance.now();
      if (this.closes) closeAfter(answer);
    });
    fastify.addHook('onRequest', (request, reply, done) => {
      this.track(reply);
      // Readiness is answered for as long as possible.
      const isReadiness = request.routeOptions.url === '/health/ready';
      done(this.refuses && !isReadiness ? new ShuttingDown(NOTHING_DONE) : undefined);
    });
    fastify.addHook('preClose', (done) => void this.end().then(() => done(), done));
  }

  private track(reply: FastifyReply): void {
    const slot = this.freeSlots.pop() ?? this.slots.length;
    this.slots[slot] = reply;
    reply.raw.once('close', () => {
      this.slots[slot] = undefined;
      this.freeSlots.push(slot);
    });
  }

  private unanswered(): FastifyReply[] {
    return this.slots.filter((reply) => reply !== undefined);
  }

  /**
   * Stops accepting connections after load balancers had a second to notice, if there are connections at all. Only then are clients
   * told to reconnect for their next request, which would reach this server again otherwise.
   */
  stopListening(listenOn = LISTEN_ON_MS): Promise<void> {
    return (this.stopping ??= this.stop(listenOn));
  }

  private async stop(listenOn: number): Promise<void> {
    if (listenOn > 0 && (await this.hasConnections())) await sleep(listenOn);
    await this.takeWaiting();
    // Not the server's own `close`, which cuts idle connections: a request may just be arriving on one.
    if (this.server.listening) Server.prototype.close.call(this.server);
    this.closes = true;
    for (const { raw } of this.unanswered()) closeAfter(raw);
  }

  /** Resolves when every request is answered or cut. */
  private async end(): Promise<void> {
    const begin = performance.now();
    await this.stopListening(0);
    await this.quietUntil(begin, SERVE_UNTIL_MS);
    this.refuses = true;
    await this.quietUntil(begin, ANSWER_UNTIL_MS);
    for (const reply of this.unanswered()) if (!reply.raw.headersSent) refuse(reply);
    await this.quietUntil(begin, CUT_AFTER_MS);
    this.server.closeAllConnections();
  }

  private async quietUntil(begin: number, deadline: number): Promise<void> {
    const past = (): number => performance.now() - begin;
    const isBusy = (): boolean =>
      performance.now() - this.lastRequestAt < QUIET_MS ||
      this.unanswered().some(({ raw }) => raw.req.complete || past() < BODY_WITHIN_MS);
    while (isBusy() && past() < deadline) await sleep(10);
  }

  /** Connections in the accept queue would be cut with the listening socket. Node.js accepts one per turn of the event loop. */
  private async takeWaiting(): Promise<void> {
    let taken = 0;
    this.server.on('connection', () => (taken += 1));
    for (let before = -1, turns = 0; before !== taken && turns < MOST_TURNS; turns += 1) {
      before = taken;
      await poll();
      await poll();
    }
  }

  private async hasConnections(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.server.getConnections((error, count) => resolve(error !== null || count > 0));
    return promise;
  }
}

/** Code still working on the request finds that it was answered. */
function refuse(reply: FastifyReply): void {
  const error = new ShuttingDown(MAY_BE_DONE);
  const problem = problemFrom(error, { instance: reply.request.url, traceId: reply.request.id });
  void reply.headers(problemHeaders(error, problem)).header('content-type', PROBLEM_CONTENT_TYPE);
  void reply.code(problem.status).send(JSON.stringify(problem));
}

/** The client reconnects for its next request (RFC 9112, 9.6). */
function closeAfter(answer: ServerResponse): void {
  if (!answer.headersSent) answer.setHeader('connection', 'close');
}
