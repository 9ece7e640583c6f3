import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { sendEtag, type Versioned } from './etag.js';
import { ANSWERS_USER } from './user-id.js';

/**
 * Sends the `ETag` on every route that `@ApiUserAnswer` declares. A Fastify hook, because a Nest interceptor costs a read request
 * more than authenticating the caller does.
 */
@Injectable()
export class UserEtags implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    // An operator's command serves no requests.
    if (!adapter?.getType()) return;
    adapter.getInstance<FastifyInstance>().addHook('preSerialization', (request, reply, body, done) => {
      if (ANSWERS_USER in request.routeOptions.config && reply.statusCode < 300) sendEtag(reply, body as Versioned);
      done(null, body);
    });
  }
}
