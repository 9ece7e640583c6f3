import { applyDecorators, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { ContactNotFound } from './user-errors.js';
import { ApiUserChange, ApiUserId } from './user-id.js';

/** Parameter: `:contactId`; what is no id is the id of no contact. */
export const ContactId = (): ParameterDecorator =>
  Param('contactId', new ParseUUIDPipe({ exceptionFactory: () => new ContactNotFound() }));

const ApiParamContactId = (): MethodDecorator => ApiParam({ name: 'contactId', format: 'uuid' });

/** Documents who and which contact. */
export const ApiContactId = (): MethodDecorator => applyDecorators(ApiUserId(), ApiParamContactId());

/** Documents a change about one contact: who, which, and `If-Match`. */
export const ApiContactChange = (): MethodDecorator => applyDecorators(ApiUserChange(), ApiParamContactId());
