import { Body, Controller, Get, HttpCode, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Limit } from '../../access/limit.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { ApiPage, ApiProblems } from '../../http/api-problems.js';
import { IgnoreOtherQuery } from '../../http/declared-input.js';
import { Message } from '../../http/message.js';
import { Pages, wantsJson, wantsPage } from '../../http/pages.js';
import { ApiUserChange, IfMatch, UserId } from '../../users/user-id.js';
import { OneTimeTokenDto, TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { EmailChangeLinks } from './email-change-links.js';
import { ChangeEmailDto } from './email-change.dto.js';
import { EmailChangeService } from './email-change.service.js';

@Controller()
export class EmailChangeController {
  constructor(
    private readonly links: EmailChangeLinks,
    private readonly changes: EmailChangeService,
    private readonly pages: Pages,
  ) {}

  @Put('users/:id/email')
  @HttpCode(202)
  @Allow('AUTHENTICATED')
  @Limit('contact-mail')
  @ApiTags('Users')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'changeEmail',
    summary: 'Ask for another email address',
    description:
      'Your own, with your current password, or anybody’s as an ADMIN. Nothing changes until the link that is mailed to the new address is opened; the old address is told at once. The answer is the same whether or not the address is taken. At most one mail a minute and address.',
  })
  @ApiAcceptedResponse({ type: Message })
  @ApiProblems(
    'validation-failed',
    'email-unchanged',
    'forbidden',
    'wrong-current-password',
    'not-found',
    'precondition-failed',
    'refused-by-handler',
    'busy',
  )
  async request(
    @UserId() id: string,
    @Body() input: ChangeEmailDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<Message> {
    await this.links.request({ id, caller, context, ifMatch }, input);
    return { message: 'A mail is on its way to the new address. The change counts once the link in it is opened.' };
  }

  @Get('auth/confirm-email-change')
  @Allow('ANONYMOUS')
  @IgnoreOtherQuery('token')
  @ApiTags('Auth')
  @ApiOperation({
    operationId: 'getEmailChangeLink',
    summary: 'The page behind the link that proves a new address',
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
    const { newEmail, requestedAt, expiresAt, locale } = await this.changes.look(token);
    if (wantsJson(request)) return { valid: true, expiresAt: expiresAt.toISOString() };
    return this.pages.render(reply, 'confirm-email-change', { token, newEmail, requestedAt }, locale);
  }

  @Post('auth/confirm-email-change')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @Limit('link-use')
  @ApiTags('Auth')
  @ApiOperation({
    operationId: 'confirmEmailChange',
    summary: 'Prove a new address',
    description:
      'Works once. Ends every other link that was mailed before, and every session but the one that asked for the change. A form gets a page.',
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
    const { locale } = await this.changes.confirm(token, context);
    if (!wantsPage(request)) return { message: 'The new address is confirmed, and is the one of the account now.' };
    return this.pages.render(reply, 'email-changed', {}, locale);
  }
}
