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
      state: tokenState,
      page: 'confirm-contact',
      values: ({ address, requestedAt }) => ({ address, requestedAt }),
    });
  }

  @Get('auth/confirm-contact')
  @ApiTags('Auth')
  @ShowsLink({ operationId: 'getContactLink', summary: 'The page behind the link that confirms a contact' })
  show(@Query() { token }: OneTimeTokenDto, @Reply() reply: FastifyReply): Promise<TokenStateResponse | string> {
    return this.link.show(reply, token);
  }

  @Post('auth/confirm-contact')
  @ApiTags('Auth')
  @UsesLink({
    operationId: 'confirmContact',
    summary: 'Confirm a contact',
    description: 'Works once. A form gets a page. How the user signs in stays as it is.',
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
    summary: 'Ask for a fresh link to confirm a contact',
    description: 'Mailed if the address waits to be confirmed, at most one a minute and address.',
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
    return { message: 'If the address waits to be confirmed, a fresh link is on its way.' };
  }
}
