import { applyDecorators, Headers, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiHeader, ApiParam, ApiResponse } from '@nestjs/swagger';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { UserNotFound } from '../aggregate/user-errors.js';
import { UserResponse } from './user.response.js';

/** Parameter: `:id`; what is no id is the id of nobody. */
export const UserId = (): ParameterDecorator =>
  Param('id', new ParseUUIDPipe({ exceptionFactory: () => new UserNotFound() }));

export const ApiUserId = (): MethodDecorator =>
  ApiParam({ name: 'id', format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' });

/** Parameter: the entity tag that the user must still have. */
export const IfMatch = (): ParameterDecorator => Headers('if-match');

export const ApiIfMatch = (): MethodDecorator =>
  applyDecorators(
    ApiHeader({
      name: 'if-match',
      required: false,
      description: 'the ETag that you read; 412 when it is not so any more',
      schema: { type: 'string' },
    }),
    ApiProblems('precondition-failed'),
  );

/** Documents a change of a user: its id, and `If-Match`. */
export const ApiUserChange = (): MethodDecorator => applyDecorators(ApiUserId(), ApiIfMatch());

/** Documents an answer that is one user, with its `ETag`. */
export const ApiUserAnswer = (status = 200): MethodDecorator =>
  ApiResponse({
    status,
    type: UserResponse,
    headers: apiHeaders('ETag', ...(status === 201 ? (['Location'] as const) : [])),
  });
