import {
  applyDecorators,
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessGuard } from '../access/access.guard.js';
import { Allow as declareRole } from '../access/allow.decorator.js';
import type { Role } from '../access/role.js';
import { DomainError } from '../problems/domain-error.js';
import { PROBLEM_CONTENT_TYPE, problemFrom, problemHeaders } from '../http/problem.js';

/** Answers Roster's errors with problems (RFC 9457), and no others. */
@Catch(DomainError)
export class DomainErrorFilter implements ExceptionFilter<DomainError> {
  catch(error: DomainError, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = problemFrom(error, { instance: request.url, traceId: request.id });
    void reply.headers(problemHeaders(error, problem));
    void reply.code(problem.status).header('content-type', PROBLEM_CONTENT_TYPE).send(problem);
  }
}

/**
 * Requires a caller signed in with Roster with at least this role, and answers Roster's errors with problems. For routes of the
 * embedding application; Roster does not touch routes without it.
 */
export function Allow(role: Role): MethodDecorator {
  return applyDecorators(declareRole(role), UseGuards(AccessGuard), UseFilters(DomainErrorFilter));
}
