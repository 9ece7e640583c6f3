import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { contextOf } from '../../access/caller.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { AuthEvents } from './auth-events.js';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * Writes down what was refused to somebody who is signed in (OWASP ASVS 5.0 V16.3.2): who, what, and to whom. In the one place
 * that every answer passes, so that no route and no rule of the policy can forget it.
 */
@Injectable()
export class Denials implements OnModuleInit {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly host: HttpAdapterHost,
    private readonly events: AuthEvents,
  ) {}

  onModuleInit(): void {
    // There is none where Roster is no server, such as in a script.
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    adapter?.getInstance<FastifyInstance>().addHook('onSend', async (request, reply) => {
      if (reply.statusCode === 403 && request.caller) await this.record(request);
    });
  }

  private async record(request: FastifyRequest): Promise<void> {
    const { url = '' } = request.routeOptions;
    const { id } = request.params as { readonly id?: string };
    // Other routes have ids, too, of other things.
    const isUser = id !== undefined && url.includes('/users/:id') && UUID.test(id);
    try {
      await this.events.record(undefined, {
        type: 'access.denied',
        userId: isUser ? id : null,
        what: `${request.method} ${url}`,
        context: contextOf(request),
      });
    } catch (err) {
      // Refused it stays; the log has who and what.
      this.log.error({ err, traceId: request.id, userId: request.caller?.userId }, 'a refusal could not be recorded');
    }
  }
}
