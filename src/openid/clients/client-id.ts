import { Headers, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiHeader, ApiParam } from '@nestjs/swagger';
import { ClientNotFound } from './client-errors.js';

/** Parameter: `:id`; a value that is no UUID is an unknown client. */
export const ClientId = (): ParameterDecorator =>
  Param('id', new ParseUUIDPipe({ exceptionFactory: () => new ClientNotFound() }));

export const ApiClientId = (): MethodDecorator =>
  ApiParam({ name: 'id', format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', description: 'of a client' });

/** Parameter: the entity tag that the client must have. */
export const ClientIfMatch = (): ParameterDecorator => Headers('if-match');

export const ApiClientIfMatch = (): MethodDecorator =>
  ApiHeader({
    name: 'if-match',
    required: false,
    description: 'the ETag of the version that you read; 412 if the client has changed since',
    schema: { type: 'string' },
  });
