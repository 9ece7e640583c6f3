import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { ApiPage } from '../../http/pages/api-page.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { IgnoreOtherQuery } from '../../http/request/declared-input.js';
import { Message } from '../../http/openapi/message.js';
import { Pages, wantsJson, wantsPage } from '../../http/pages/pages.js';
import { ApiContactChange, ContactId } from '../../users/contacts/contact-id.js';
import { IfMatch, UserId } from '../../users/api/user-id.js';
import { OneTimeTokenDto, TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { ContactConfirmationService } from './contact-confirmation.service.js';

@Controller()
export class ContactConfirmationController {
  constructor(
    private readonly confirmation: ContactConfirmationService,
    private readonly pages: Pages,
  ) {}

  @Get('auth/confirm-contact')
  @Allow('ANONYMOUS')
  @IgnoreOtherQuery('token')
  @ApiTags('Auth')
  @ApiOperation({
    operationId: 'getContactLink',
    summary: 'The page behind the link that confirms a contact',
    description:
      'Shows one button and uses nothing: mail scanners follow links too. With `Accept: application/json`, says whether the link is still good.',
  })
  @ApiPage()
  @ApiOkResponse({ type: TokenStateResponse })
  @ApiProblems('validation-failed', 'token-expired-or-used')
  async show(
    @Query() { token }: OneTimeTokenDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenStateResponse | string> {
    const link = await this.confirmation.look(token);
    if (wantsJson(request)) return { valid: true, expiresAt: link.expiresAt.toISOString() };
    return this.pages.render(
      reply,
      'confirm-contact',
      {
        token,
        address: link.address,
        requestedAt: link.requestedAt,
      },
      link.locale,
    );
  }

  @Post('auth/confirm-contact')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @ApiTags('Auth')
  @ApiOperation({
    operationId: 'confirmContact',
    summary: 'Confirm a contact',
    description: 'Works once. A form gets a page. How the user signs in stays as it is.',
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiPage()
  @ApiOkResponse({ type: Message })
  @ApiProblems('validation-failed', 'token-expired-or-used', 'already-confirmed', 'refused-by-handler')
  async confirm(
    @Body() { token }: OneTimeTokenDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Message | string> {
    const { locale } = await this.confirmation.confirm(token, context);
    if (!wantsPage(request)) return { message: 'The address is confirmed.' };
    return this.pages.render(reply, 'contact-confirmed', {}, locale);
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
