import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { contextOf } from '../../access/caller.js';
import { clientNetwork } from '../../access/client-network.js';
import { Transactions } from '../../database/transaction.js';
import { InjectLog, type Log } from '../../ops/log.js';
import type { NewAuthEvent } from './auth-event.js';
import { AuthEvents } from './auth-events.js';
import { EvidenceTally } from './evidence-tally.js';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * Records denied access of signed-in users (OWASP ASVS 5.0 V16.3.2), administrative actions that are not in a user's log (exports,
 * feed reads, changes of webhooks, events sent again), and exceeded rate limits: actor, operation, user concerned, origin. In a hook that every response
 * passes, so that no route or policy rule can forget it.
 */
@Injectable()
export class Evidence implements OnModuleInit {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly host: HttpAdapterHost,
    private readonly events: AuthEvents,
    private readonly tally: EvidenceTally,
    private readonly transactions: Transactions,
  ) {}

  onModuleInit(): void {
    // There is none without a server, as in a script.
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    adapter?.getInstance<FastifyInstance>().addHook('onSend', async (request, reply) => {
      const { statusCode } = reply;
      if (statusCode === 429) void this.keep(request, 'limit.exceeded', routeOf(request), true);
      if (!request.caller) return;
      if (statusCode === 403) await this.keep(request, 'access.denied', routeOf(request));
      if (statusCode >= 300) return;
      const act = actOf(request, reply);
      if (act === undefined) return;
      if (request.concerned) await this.keepForEach(request, request.concerned, act);
      else await this.keep(request, 'access.granted', act, request.method === 'GET');
    });
  }

  /** @param isOften whether it may occur many times a second */
  private async keep(
    request: FastifyRequest,
    type: NewAuthEvent['type'],
    what: string,
    isOften = false,
  ): Promise<void> {
    const context = contextOf(request);
    const userId = targetOf(request);
    const event = { type, userId, what, context };
    const who = request.caller?.userId ?? clientNetwork(context.ip);
    await this.noting(request, what, () =>
      isOften ? this.tally.add([type, who, what, userId].join('\0'), event) : this.events.record(undefined, event),
    );
  }

  /** An administrative action on several users: evidence for each of them, all or none. */
  private async keepForEach(request: FastifyRequest, userIds: readonly string[], what: string): Promise<void> {
    const context = contextOf(request);
    await this.noting(request, what, () =>
      this.transactions.run(async (tx) => {
        for (const userId of userIds) await this.events.record(tx, { type: 'access.granted', userId, what, context });
      }),
    );
  }

  private async noting(request: FastifyRequest, what: string, record: () => Promise<void>): Promise<void> {
    try {
      await record();
    } catch (err) {
      // The response was sent; the log has the details.
      this.log.error(
        { err, traceId: request.id, userId: request.caller?.userId, what },
        'evidence could not be recorded',
      );
    }
  }
}

function routeOf({ method, routeOptions: { url = '' } }: FastifyRequest): string {
  return `${method} ${url}`;
}

/** The user of a route about a user; ids of other routes are those of other resources. */
function targetOf({ routeOptions: { url = '' }, params }: FastifyRequest): string | null {
  const { id } = params as { readonly id?: string };
  return id !== undefined && url.includes('/users/:id') && UUID.test(id) ? id : null;
}

const ACTS = ['GET /events', 'GET /users/:id/export', 'GET /users/export', 'POST /users/export', 'POST /users/import'];

/** The administrative action that is not in a user's log; undefined for everything else. */
function actOf(request: FastifyRequest, reply: FastifyReply): string | undefined {
  const { method, url } = request;
  const route = routeOf(request);
  if (ACTS.includes(route)) return route;
  if (!/^(?:POST|PATCH|DELETE) \/(?:webhooks|relay)(?:\/|$)/.test(route)) return undefined;
  // Includes the id, as the resource may be gone when the evidence is read.
  const made = route === 'POST /webhooks' ? reply.getHeader('location') : undefined;
  return `${method} ${typeof made === 'string' ? made : (url.split('?', 1)[0] ?? '')}`;
}
