import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiConsumes,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ApiPageForForms } from '../../http/openapi/api-answers.js';
import { ApiPage } from '../../http/pages/api-page.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { describeOrigin } from '../../rendering/device.js';
import { IgnoreOtherQuery } from '../../http/request/declared-input.js';
import { Message } from '../../http/openapi/message.js';
import { Pages, wantsJson, wantsPage } from '../../http/pages/pages.js';
import { OneTimeTokenDto, TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { refusalOf, WeakPassword } from '../passwords/password-rules.js';
import { RequestPasswordResetDto, ResetPasswordDto } from './password-reset.dto.js';
import { PasswordResetLinks } from './password-reset-links.js';
import { PasswordResetService } from './password-reset.service.js';

@ApiTags('Auth')
@Controller('auth')
export class PasswordResetController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly resets: PasswordResetService,
    private readonly requests: PasswordResetLinks,
    private readonly pages: Pages,
  ) {}

  @Post('request-password-reset')
  @HttpCode(202)
  @Allow('ANONYMOUS')
  @Limit('mail-request')
  @ApiOperation({
    operationId: 'requestPasswordReset',
    summary: 'Ask for a link to choose a new password',
    description:
      'The answer is always the same. A link is mailed if the address belongs to an account, at most one a minute.',
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiPage()
  @ApiAcceptedResponse({ type: Message })
  @ApiProblems('validation-failed')
  async request(
    @Body() { email }: RequestPasswordResetDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Message | string> {
    await this.requests.request(email, context);
    if (!wantsPage(request)) {
      return { message: 'If that address belongs to an account, a link to choose a new password is on its way.' };
    }
    return this.pages.render(reply, 'reset-requested', {});
  }

  @Get('reset-password')
  @Allow('ANONYMOUS')
  @IgnoreOtherQuery('token')
  @ApiOperation({
    operationId: 'getPasswordResetLink',
    summary: 'The page behind a link to choose a new password',
    description:
      'Asks for the password and uses nothing. With `Accept: application/json`, says whether the link is still good.',
  })
  @ApiPage()
  @ApiOkResponse({ type: TokenStateResponse })
  @ApiProblems('validation-failed', 'token-expired-or-used')
  async show(
    @Query() { token }: OneTimeTokenDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenStateResponse | string> {
    if (!wantsJson(request)) return this.form(reply, token);
    const { expiresAt } = await this.resets.look(token);
    return { valid: true, expiresAt: expiresAt.toISOString() };
  }

  @Post('reset-password')
  @HttpCode(204)
  @Allow('ANONYMOUS')
  @Limit('link-use')
  @ApiOperation({
    operationId: 'resetPassword',
    summary: 'Choose a new password',
    description:
      'Ends all sessions, every other link and a lockout, but no suspension. Works once; a refused password leaves the link good.',
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiPageForForms()
  @ApiNoContentResponse()
  @ApiProblems('validation-failed', 'weak-password', 'token-expired-or-used', 'refused-by-handler', 'busy')
  async reset(
    @Body() { token, newPassword }: ResetPasswordDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string | undefined> {
    try {
      const { locale, isSuspended } = await this.resets.reset(token, newPassword, context);
      if (!wantsPage(request)) return undefined;
      void reply.code(200);
      return this.pages.render(reply, 'password-reset', { isSuspended }, locale);
    } catch (error) {
      if (!(error instanceof WeakPassword) || !wantsPage(request)) throw error;
      // Back to the form, which says what was wrong.
      void reply.code(400);
      return this.form(reply, token, error);
    }
  }

  private async form(reply: FastifyReply, token: string, refused?: WeakPassword): Promise<string> {
    const { email, requestedAt, requestedUserAgent, requestedIp, isSuspended, locale } = await this.resets.look(token);
    return this.pages.render(
      reply,
      'reset-password',
      {
        token,
        email,
        minLength: this.settings.PASSWORD_MIN_LENGTH,
        requestedAt,
        requestedFrom: describeOrigin(requestedUserAgent, requestedIp),
        isSuspended,
        ...refusalOf(refused),
      },
      locale,
    );
  }
}
