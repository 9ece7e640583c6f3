import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import { etagOf } from './user-acts.js';
import type { UserResponse } from './user.response.js';

/** Sends the `ETag` of an answer that is one user: its version. */
@Injectable()
export class EtagInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      map((body: unknown) => {
        if (isUser(body)) {
          void execution.switchToHttp().getResponse<FastifyReply>().header('etag', etagOf(body));
        }
        return body;
      }),
    );
  }
}

function isUser(body: unknown): body is UserResponse {
  return typeof body === 'object' && body !== null && 'version' in body && 'professionalStatusChangedAt' in body;
}
