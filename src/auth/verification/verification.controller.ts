import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { ApiPage, ApiProblems } from '../../http/api-problems.js';
import { describeOrigin } from '../../http/device.js';
import { IgnoreOtherQuery } from '../../http/declared-input.js';
import { Message } from '../../http/message.js';
import { Pages, wantsJson, wantsPage } from '../../http/pages.js';
import { OneTimeTokenDto, TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { FreshLinks } from './fresh-links.js';
import { ResendVerificationDto } from './verification.dto.js';
import { VerificationService } from './verification.service.js';

@ApiTags('Auth')
@Controller('auth')
export class VerificationController {
  constructor(
    private readonly verification: VerificationService,
    private readonly freshLinks: FreshLinks,
    private readonly pages: Pages,
  ) {}

  @Get('verify-email')
  @Allow('ANONYMOUS')
  @IgnoreOtherQuery('token')
  @ApiOperation({
    operationId: 'getVerificationLink',
    summary: 'The page behind a verification link',
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
    const link = await this.verification.look(token);
    if (wantsJson(request)) return { valid: true, expiresAt: link.expiresAt.toISOString() };
    return this.pages.render(
      reply,
      'verify-email',
      {
        token,
        email: link.email,
        requestedAt: link.requestedAt,
        requestedFrom: describeOrigin(link.requestedUserAgent, link.requestedIp),
      },
      link.locale,
    );
  }

  @Post('verify-email')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @ApiOperation({
    operationId: 'verifyEmail',
    summary: 'Confirm an email address',
    description: 'Works once. A form gets a page.',
  })
  @ApiPage()
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiOkResponse({ type: Message })
  @ApiProblems('validation-failed', 'token-expired-or-used', 'already-confirmed', 'refused-by-handler')
  async confirm(
    @Body() { token }: OneTimeTokenDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Message | string> {
    const { locale } = await this.verification.confirm(token, context);
    if (!wantsPage(request)) return { message: 'The address is confirmed. You can sign in now.' };
    return this.pages.render(reply, 'email-verified', { signInUrl: null }, locale);
  }

  @Post('resend-verification')
  @HttpCode(202)
  @Allow('ANONYMOUS')
  @Limit('mail-request')
  @ApiOperation({
    operationId: 'resendVerification',
    summary: 'Ask for a fresh verification link',
    description:
      'The answer is always the same. A link is mailed if a registration or an invitation waits for it, at most one a minute.',
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiPage()
  @ApiAcceptedResponse({ type: Message })
  @ApiProblems('validation-failed')
  async resend(
    @Body() { email }: ResendVerificationDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Message | string> {
    await this.freshLinks.send(email, context);
    if (!wantsPage(request)) return { message: 'If that address waits to be confirmed, a fresh link is on its way.' };
    return this.pages.render(reply, 'resend-sent', {});
  }
}
