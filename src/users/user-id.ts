import { applyDecorators, Headers, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiHeader, ApiParam } from '@nestjs/swagger';
import { UserNotFound } from './user-errors.js';

/** Parameter: `:id`; what is no id is the id of nobody. */
export const UserId = (): ParameterDecorator =>
  Param('id', new ParseUUIDPipe({ exceptionFactory: () => new UserNotFound() }));

export const ApiUserId = (): MethodDecorator =>
  ApiParam({ name: 'id', format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' });

/** Parameter: the entity tag that the user must still have. */
export const IfMatch = (): ParameterDecorator => Headers('if-match');

/** Documents a change of a user: its id, and `If-Match`. */
export const ApiUserChange = (): MethodDecorator =>
  applyDecorators(
    ApiUserId(),
    ApiHeader({
      name: 'If-Match',
      required: false,
      description: 'the ETag that you read; 412 when it is not so any more',
    }),
  );
