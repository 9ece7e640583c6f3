import { applyDecorators, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { ContactNotFound } from '../aggregate/user-errors.js';
import { ApiUserChange, ApiUserId } from '../api/user-id.js';

/** Parameter: `:contactId`; what is no id is the id of no contact. */
export const ContactId = (): ParameterDecorator =>
  Param('contactId', new ParseUUIDPipe({ exceptionFactory: () => new ContactNotFound() }));

const ApiParamContactId = (): MethodDecorator =>
  ApiParam({ name: 'contactId', format: 'uuid', example: '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00' });

/** Documents who and which contact. */
export const ApiContactId = (): MethodDecorator => applyDecorators(ApiUserId(), ApiParamContactId());

/** Documents a change about one contact: who, which, and `If-Match`. */
export const ApiContactChange = (): MethodDecorator => applyDecorators(ApiUserChange(), ApiParamContactId());
