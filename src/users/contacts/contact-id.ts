import { applyDecorators, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { ContactNotFound } from '../aggregate/user-errors.js';
import { ApiUserChange, ApiUserId } from '../api/user-id.js';

/** Parameter: `:contactId`; a malformed id yields ContactNotFound. */
export const ContactId = (): ParameterDecorator =>
  Param('contactId', new ParseUUIDPipe({ exceptionFactory: () => new ContactNotFound() }));

const ApiParamContactId = (): MethodDecorator =>
  ApiParam({ name: 'contactId', format: 'uuid', example: '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00' });

/** Documents the ids of user and contact. */
export const ApiContactId = (): MethodDecorator => applyDecorators(ApiUserId(), ApiParamContactId());

/** Documents a change of one contact: both ids, and `If-Match`. */
export const ApiContactChange = (): MethodDecorator => applyDecorators(ApiUserChange(), ApiParamContactId());
