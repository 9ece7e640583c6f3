import cluster from 'node:cluster';
import type { ServerResponse } from 'node:http';
import { Server, type Socket } from 'node:net';
import { setImmediate as poll, setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Settings } from '../config/settings.js';
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

/** Requests whose body takes longer are not waited for. */
const BODY_WITHIN_MS = 3000;
/** After `SHUTDOWN_DELAY`, for background work before the requests, and for the database and the hash pool after them. */
const BESIDE_REQUESTS_MS = 4000;
/** Before the requests unanswered get an error, new ones are refused, as there may be no time to serve them. */
const LAST_CALL_MS = 1000;
/** For these errors to be sent. */
const SEND_WITHIN_MS = 500;
/** While connections are taken from the accept queue, others may join it for so long. */
const QUEUE_OPEN_MS = 200;
/** Connections that can wait in the accept queue (the default of Node.js). */
const BACKLOG = 511;
const TURN_MS = 10;
/** After a longer turn of the event loop, somebody may be waiting again. */
const SHORT_TURN_MS = 5;
/**
 * After so many turns without requests, clients with keep-alive connections have been told to reconnect. Turns, not time: on a busy
 * machine, time passes while requests wait to be read.
 */
const QUIET_TURNS = 10;

/**
 * Shuts a server down gracefully: for `SHUTDOWN_DELAY` it keeps listening and serves requests, then closes each connection with its
 * next response, and ends when all requests are answered, or in time for `SHUTDOWN_TIMEOUT`.
 */
export class Drain {
  // Not a Set: its internal tables keep answered requests alive, which costs a quarter of a read request.
  private readonly slots: (FastifyReply | undefined)[] = [];
  private readonly freeSlots: number[] = [];
  private stopping: Promise<void> | undefined;
  private closes = false;
  private refuses = false;
  /** Received so far. */
  private requests = 0;
  /** What emptying the accept queue has taken of the time for answers. */
  private acceptingMs = 0;

  private readonly server: FastifyInstance['server'];
  /** Requests unanswered by then get an error. */
  private readonly answerUntilMs: number;

  constructor(
    fastify: FastifyInstance,
    private readonly settings: Pick<Settings, 'NODE_ENV' | 'SHUTDOWN_DELAY' | 'SHUTDOWN_TIMEOUT'>,
  ) {
    this.server = fastify.server;
    this.answerUntilMs = settings.SHUTDOWN_TIMEOUT - settings.SHUTDOWN_DELAY - BESIDE_REQUESTS_MS;
    // Before Fastify, which may answer immediately.
    this.server.prependListener('request', (_request, answer: ServerResponse) => {
      this.requests += 1;
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
   * Stops accepting connections after load balancers had `SHUTDOWN_DELAY` to notice; in development, only if there are connections at
   * all. Only then are clients told to reconnect for their next request, which would reach this server again otherwise.
   */
  stopListening(listenOn = this.settings.SHUTDOWN_DELAY): Promise<void> {
    return (this.stopping ??= this.stop(listenOn));
  }

  private async stop(listenOn: number): Promise<void> {
    const isAwaited = this.settings.NODE_ENV === 'production' || (await this.hasConnections());
    if (listenOn > 0 && isAwaited) await sleep(listenOn);
    await this.takeWaiting();
    // Not the server's own `close`, which cuts idle connections: a request may just be arriving on one.
    if (this.server.listening) Server.prototype.close.call(this.server);
    this.closes = true;
    for (const { raw } of this.unanswered()) closeAfter(raw);
  }

  /** Resolves when every request is answered or cut. */
  private async end(): Promise<void> {
    await this.stopListening(0);
    const begin = performance.now();
    const answerUntil = this.answerUntilMs - this.acceptingMs;
    if (!(await this.isQuietBy(begin, answerUntil - LAST_CALL_MS))) {
      this.refuses = true;
      if (!(await this.isQuietBy(begin, answerUntil))) {
        for (const reply of this.unanswered()) if (!reply.raw.headersSent) refuse(reply);
        await this.isQuietBy(begin, answerUntil + SEND_WITHIN_MS);
      }
    }
    this.server.closeAllConnections();
  }

  private async isQuietBy(begin: number, deadline: number): Promise<boolean> {
    const past = (): number => performance.now() - begin;
    const isDue = (): boolean => this.unanswered().some(({ raw }) => raw.req.complete || past() < BODY_WITHIN_MS);
    for (let turns = 0, before = this.requests; turns < QUIET_TURNS; before = this.requests) {
      if (past() > deadline) return false;
      await sleep(TURN_MS);
      turns = isDue() || this.requests !== before ? 0 : turns + 1;
    }
    return true;
  }

  /**
   * Connections in the accept queue would be cut with the listening socket. Node.js accepts one per turn of the event loop, so on a busy
   * machine others arrive as fast, and hundreds may wait there for seconds. So their requests are not read before the queue is empty, and
   * after a while no others may join it. Their SYNs are dropped then, and sent again when nobody listens any more.
   */
  private async takeWaiting(): Promise<void> {
    const listeners = this.server.rawListeners('connection') as ((socket: Socket) => void)[];
    const waiting: Socket[] = [];
    this.server.removeAllListeners('connection').on('connection', (socket) => {
      waiting.push(socket.on('error', () => {}));
    });
    const begin = performance.now();
    const past = (): number => performance.now() - begin;
    const take = async (mayGoOn: () => boolean): Promise<void> => {
      for (let before = -1, turnMs = 0; (before !== waiting.length || turnMs > SHORT_TURN_MS) && mayGoOn();) {
        before = waiting.length;
        await poll();
        const turn = performance.now();
        await poll();
        turnMs = performance.now() - turn;
      }
    };
    await take(() => past() < QUEUE_OPEN_MS);
    closeQueue(this.server);
    const most = waiting.length + BACKLOG;
    await take(() => waiting.length < most && past() < this.answerUntilMs / 2);
    this.server.removeAllListeners('connection');
    for (const listener of listeners) this.server.on('connection', listener);
    for (const socket of waiting) if (!socket.destroyed) this.server.emit('connection', socket);
    this.acceptingMs = past();
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

/** Not for a worker, whose siblings accept from the same queue. Node.js has no public way; without this one, the queue stays open. */
function closeQueue(server: Server): void {
  const { _handle: handle } = server as unknown as { readonly _handle?: { listen?: (backlog: number) => unknown } };
  if (!cluster.isWorker) handle?.listen?.(0);
}

/** The client reconnects for its next request (RFC 9112, 9.6). */
function closeAfter(answer: ServerResponse): void {
  if (!answer.headersSent) answer.setHeader('connection', 'close');
}
