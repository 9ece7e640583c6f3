import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { contextOf } from '../../access/caller.js';
import { clientNetwork } from '../../access/client-network.js';
import { InjectLog, type Log } from '../../ops/log.js';
import type { NewAuthEvent } from './auth-event.js';
import { AuthEvents } from './auth-events.js';
import { EvidenceTally } from './evidence-tally.js';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * Writes down what was refused to somebody who is signed in (OWASP ASVS 5.0 V16.3.2), what administrators did that no user's log
 * tells of (exports, reads of the feed, changes of webhooks), and which limits were met: who, what, to whom, from where. In the one
 * place that every answer passes, so that no route and no rule of the policy can forget it.
 */
@Injectable()
export class Evidence implements OnModuleInit {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly host: HttpAdapterHost,
    private readonly events: AuthEvents,
    private readonly tally: EvidenceTally,
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
      if (act !== undefined) await this.keep(request, 'access.granted', act, request.method === 'GET');
    });
  }

  /** @param isOften whether it may come many times a second */
  private async keep(
    request: FastifyRequest,
    type: NewAuthEvent['type'],
    what: string,
    isOften = false,
  ): Promise<void> {
    const context = contextOf(request);
    const userId = targetOf(request);
    const event = { type, userId, what, context };
    try {
      if (!isOften) {
        await this.events.record(undefined, event);
        return;
      }
      const who = request.caller?.userId ?? clientNetwork(context.ip);
      await this.tally.add([type, who, what, userId].join('\0'), event);
    } catch (err) {
      // Answered it is; the log has who and what.
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

/** Of a route about a user. Other routes have ids, too, of other things. */
function targetOf({ routeOptions: { url = '' }, params }: FastifyRequest): string | null {
  const { id } = params as { readonly id?: string };
  return id !== undefined && url.includes('/users/:id') && UUID.test(id) ? id : null;
}

/** What an administrator did that has no event of a user to tell of it; undefined for everything else. */
function actOf(request: FastifyRequest, reply: FastifyReply): string | undefined {
  const { method, url } = request;
  const route = routeOf(request);
  if (route === 'GET /events' || route === 'GET /users/:id/export') return route;
  if (!/^(?:POST|PATCH|DELETE) \/webhooks(?:\/|$)/.test(route)) return undefined;
  // Which one: it may be gone by the time that somebody asks.
  const made = route === 'POST /webhooks' ? reply.getHeader('location') : undefined;
  return `${method} ${typeof made === 'string' ? made : (url.split('?', 1)[0] ?? '')}`;
}
