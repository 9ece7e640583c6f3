import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import { PastUserResponse } from './past-user.response.js';
import { etagOf } from './user-acts.js';
import type { UserResponse } from './user.response.js';

/** Sends the `ETag` of an answer that is one user as it is now: its version. */
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
  if (typeof body !== 'object' || body === null || body instanceof PastUserResponse) return false;
  return 'version' in body && 'professionalStatusChangedAt' in body;
}
