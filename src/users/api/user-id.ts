import { applyDecorators, createParamDecorator, type ExecutionContext, Headers } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiHeader, ApiParam, ApiResponse } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { validate as isUuid } from 'uuid';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { UserNotFound } from '../aggregate/user-errors.js';
import { UserResponse } from './user.response.js';

/** Parameter: `:id`, where `me` is the caller; a malformed id yields UserNotFound. */
export const UserId = createParamDecorator((_: unknown, execution: ExecutionContext) => {
  const { params, caller } = execution.switchToHttp().getRequest<FastifyRequest<{ Params: { id: string } }>>();
  if (params.id === 'me' && caller) return caller.userId;
  if (!isUuid(params.id)) throw new UserNotFound();
  return params.id;
});

export const ApiUserId = (): MethodDecorator =>
  ApiParam({
    name: 'id',
    format: 'uuid',
    example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071',
    description: 'of a user; `me` is yourself',
  });

/** Parameter: the entity tag that the user must have. */
export const IfMatch = (): ParameterDecorator => Headers('if-match');

export const ApiIfMatch = (): MethodDecorator =>
  applyDecorators(
    ApiHeader({
      name: 'if-match',
      required: false,
      description: 'the ETag of the version that you read; 412 if the user has changed since',
      schema: { type: 'string' },
    }),
    ApiProblems('precondition-failed'),
  );

/** Documents a change of a user: its id, and `If-Match`. */
export const ApiUserChange = (): MethodDecorator => applyDecorators(ApiUserId(), ApiIfMatch());

/** In the configuration of a route: its response is one user and has an `ETag`. */
export const ANSWERS_USER = 'answersUser';

/** Declares that a route answers with one user as it is now, for its `ETag` and for the API document. */
export const ApiUserAnswer = (status = 200): MethodDecorator =>
  applyDecorators(
    RouteConfig({ [ANSWERS_USER]: true }),
    ApiResponse({
      status,
      type: UserResponse,
      headers: apiHeaders('ETag', ...(status === 201 ? (['Location'] as const) : [])),
    }),
  );
