import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { Message } from '../../http/openapi/message.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { IfMatch, UserId } from '../../users/api/user-id.js';
import { ApiContactChange, ContactId } from '../../users/contacts/contact-id.js';
import { LinkPages, tokenState } from '../one-time-tokens/link-pages.js';
import { ShowsLink, UsesLink } from '../one-time-tokens/link-routes.js';
import { OneTimeTokenDto, type TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { ContactConfirmationService } from './contact-confirmation.service.js';

@Controller()
export class ContactConfirmationController {
  private readonly link;

  constructor(
    pages: LinkPages,
    private readonly confirmation: ContactConfirmationService,
  ) {
    this.link = pages.of({
      find: (token) => confirmation.findLink(token),
      state: (link) => tokenState(link, link.address),
      page: 'confirm-contact',
      values: ({ address, requestedAt }) => ({ address, requestedAt }),
    });
  }

  @Get('auth/confirm-contact')
  @ApiTags('Auth')
  @ShowsLink({ operationId: 'getContactLink', summary: 'Show a contact confirmation link' })
  show(@Query() { token }: OneTimeTokenDto, @Reply() reply: FastifyReply): Promise<TokenStateResponse | string> {
    return this.link.show(reply, token);
  }

  @Post('auth/confirm-contact')
  @ApiTags('Auth')
  @UsesLink({
    operationId: 'confirmContact',
    summary: 'Confirm a contact',
    description: 'Works once. Does not change how the user signs in. A form gets a page.',
    problems: ['already-confirmed', 'refused-by-handler'],
  })
  confirm(@Body() { token }: OneTimeTokenDto, @Reply() reply: FastifyReply): Promise<Message | string> {
    return this.link.use(reply, token, (context) => this.confirmation.confirm(token, context), {
      json: () => ({ message: 'The address is confirmed.' }),
      page: 'contact-confirmed',
      values: () => ({}),
    });
  }

  @Post('users/:id/contacts/:contactId/resend-confirmation')
  @HttpCode(202)
  @Allow('AUTHENTICATED')
  @Limit('contact-mail')
  @ApiTags('Users')
  @ApiContactChange()
  @ApiOperation({
    operationId: 'resendContactConfirmation',
    summary: 'Request a new link to confirm a contact',
    description: 'Mailed if the address is waiting for confirmation, at most one a minute per address.',
  })
  @ApiAcceptedResponse({ type: Message })
  @ApiProblems('forbidden', 'not-found', 'refused-by-handler', 'precondition-failed')
  async resend(
    @UserId() id: string,
    @ContactId() contactId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<Message> {
    await this.confirmation.resend({ id, caller, context, ifMatch }, contactId);
    return { message: 'If the address is waiting for confirmation, a new link is on its way.' };
  }
}
