import { applyDecorators, Headers, Param, ParseUUIDPipe } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiHeader, ApiParam, ApiResponse } from '@nestjs/swagger';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { UserNotFound } from '../aggregate/user-errors.js';
import { UserResponse } from './user.response.js';

/** Parameter: `:id`; a malformed id yields UserNotFound. */
export const UserId = (): ParameterDecorator =>
  Param('id', new ParseUUIDPipe({ exceptionFactory: () => new UserNotFound() }));

export const ApiUserId = (): MethodDecorator =>
  ApiParam({ name: 'id', format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' });

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
