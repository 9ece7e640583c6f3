import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { PastUserResponse } from '../history/past-user.response.js';
import { etagOf } from './user-actions.js';
import type { UserResponse } from './user.response.js';

/**
 * Sends the `ETag` of every answer that is one user as it is now: its version. By a hook of Fastify, for one interceptor of Nest
 * costs a read more than finding out who asks.
 */
@Injectable()
export class UserEtags implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    // An operator's command answers nobody.
    if (!adapter?.getType()) return;
    adapter.getInstance<FastifyInstance>().addHook('preSerialization', (_request, reply, body, done) => {
      if (isUser(body)) void reply.header('etag', etagOf(body));
      done(null, body);
    });
  }
}

function isUser(body: unknown): body is UserResponse {
  if (typeof body !== 'object' || body === null || body instanceof PastUserResponse) return false;
  return 'version' in body && 'professionalStatusChangedAt' in body;
}
