import { Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { ServiceAccountNotFound, ServiceKeyNotFound } from './service-account-errors.js';

const EXAMPLE = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';

/** Parameter: `:id`; a value that is no UUID is an unknown account. */
export const ServiceAccountId = (): ParameterDecorator =>
  Param('id', new ParseUUIDPipe({ exceptionFactory: () => new ServiceAccountNotFound() }));

export const ApiServiceAccountId = (): MethodDecorator => ApiParam({ name: 'id', format: 'uuid', example: EXAMPLE });

/** Parameter: `:keyId`. */
export const ServiceKeyId = (): ParameterDecorator =>
  Param('keyId', new ParseUUIDPipe({ exceptionFactory: () => new ServiceKeyNotFound() }));

export const ApiServiceKeyId = (): MethodDecorator => ApiParam({ name: 'keyId', format: 'uuid', example: EXAMPLE });
