import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiContactChange, ApiContactId, ContactId } from './contact-id.js';
import { ContactList, contactPath, ContactResponse, NewContactDto } from './contacts.dto.js';
import { addContact, contactOf, removeContact } from '../aggregate/decide-contacts.js';
import { sendEtag } from '../api/etag.js';
import { UserActions } from '../api/user-actions.js';
import { ApiUserChange, ApiUserId, IfMatch, UserId } from '../api/user-id.js';

/** Additional addresses and phone numbers of a user. They are part of the user, whose version grows with each change. */
@ApiTags('Users')
@Controller('users/:id/contacts')
export class ContactsController {
  constructor(private readonly actions: UserActions) {}

  @Get()
  @Allow('AUTHENTICATED', 'users:read')
  @ApiUserId()
  @ApiOperation({
    operationId: 'listContacts',
    summary: 'List the contacts of a user',
    description: 'Your own, or any user’s as a MANAGER.',
  })
  @ApiOkResponse({ type: ContactList, headers: apiHeaders('ETag') })
  @ApiProblems('forbidden', 'not-found')
  async list(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<ContactList> {
    const { user, actor } = await this.actions.findAllowed({ id, action: 'contacts', caller });
    sendEtag(reply, user);
    return ContactList.from(user, actor);
  }

  @Get(':contactId')
  @Allow('AUTHENTICATED', 'users:read')
  @ApiContactId()
  @ApiOperation({
    operationId: 'getContact',
    summary: 'Get a contact of a user',
    description: 'Your own, or any user’s as a MANAGER.',
  })
  @ApiOkResponse({ type: ContactResponse, headers: apiHeaders('ETag') })
  @ApiProblems('forbidden', 'not-found')
  async get(
    @UserId() id: string,
    @ContactId() contactId: string,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<ContactResponse> {
    const { user, actor } = await this.actions.findAllowed({ id, action: 'contacts', caller });
    const contact = contactOf(user, contactId);
    sendEtag(reply, user);
    return ContactResponse.from(contact, user, actor);
  }

  @Post()
  @Allow('AUTHENTICATED', 'users:write')
  @Limit('contact-mail')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'addContact',
    summary: 'Add a contact',
    description:
      'An email address is sent a confirmation link, at most one mail a minute per address. Contacts cannot be used to sign in.',
  })
  @ApiCreatedResponse({
    type: ContactResponse,
    headers: apiHeaders('ETag', 'Location'),
  })
  @ApiProblems(
    'validation-failed',
    'forbidden',
    'not-found',
    'contact-exists',
    'too-many-contacts',
    'refused-by-handler',
    'precondition-failed',
  )
  async add(
    @UserId() id: string,
    @Body() { kind, value, label }: NewContactDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @IfMatch() ifMatch?: string,
  ): Promise<ContactResponse> {
    const contact = { id: uuidv7(), kind, value, label: label ?? null };
    const { user, actor } = await this.actions.perform(
      { id, action: 'addContact', caller, context, ifMatch },
      (state) => addContact(state, contact),
    );
    sendEtag(reply, user);
    void reply.header('location', contactPath(id, contact.id));
    return ContactResponse.from(contactOf(user, contact.id), user, actor);
  }

  @Delete(':contactId')
  @HttpCode(204)
  @Allow('AUTHENTICATED', 'users:write')
  @ApiContactChange()
  @ApiOperation({
    operationId: 'removeContact',
    summary: 'Remove a contact',
    description: 'A confirmation link that was sent to it stops working.',
  })
  @ApiNoContentResponse({ headers: apiHeaders('ETag') })
  @ApiProblems('forbidden', 'not-found', 'refused-by-handler', 'precondition-failed')
  async remove(
    @UserId() id: string,
    @ContactId() contactId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    const { user } = await this.actions.perform({ id, action: 'removeContact', caller, context, ifMatch }, (state) =>
      removeContact(state, contactId),
    );
    sendEtag(reply, user);
  }
}
