import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ApiPage } from '../../http/pages/api-page.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { describeOrigin } from '../../rendering/device.js';
import { IgnoreOtherQuery } from '../../http/request/declared-input.js';
import { Message } from '../../http/openapi/message.js';
import { Pages, wantsJson, wantsPage } from '../../http/pages/pages.js';
import { accountName } from '../../users/aggregate/account-name.js';
import { NewPasswordRequired } from '../one-time-tokens/new-password-required.js';
import { OneTimeTokenDto, ProofLinkStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { refusalOf, WeakPassword } from '../passwords/password-rules.js';
import { FreshLinks } from './fresh-links.js';
import { ResendVerificationDto, VerifyEmailDto } from './verification.dto.js';
import { VerificationService } from './verification.service.js';

@ApiTags('Auth')
@Controller('auth')
export class VerificationController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
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
  @ApiOkResponse({ type: ProofLinkStateResponse })
  @ApiProblems('validation-failed', 'token-expired-or-used')
  async show(
    @Query() { token }: OneTimeTokenDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProofLinkStateResponse | string> {
    if (!wantsJson(request)) return this.form(reply, token);
    const { expiresAt, newPasswordRequired } = await this.verification.look(token);
    return { valid: true, expiresAt: expiresAt.toISOString(), newPasswordRequired };
  }

  @Post('verify-email')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @Limit('link-use')
  @ApiOperation({
    operationId: 'verifyEmail',
    summary: 'Confirm an email address',
    description:
      'Works once. Takes a new password where the one of the registration may be somebody else’s: others claimed the address too, or the link was asked for again. A form gets a page.',
  })
  @ApiPage()
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiOkResponse({ type: Message })
  @ApiProblems(
    'validation-failed',
    'weak-password',
    'new-password-required',
    'token-expired-or-used',
    'already-confirmed',
    'refused-by-handler',
    'busy',
  )
  async confirm(
    @Body() { token, newPassword }: VerifyEmailDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Message | string> {
    try {
      const { locale, isSuspended } = await this.verification.confirm(token, newPassword ?? null, context);
      if (wantsPage(request)) {
        return this.pages.render(reply, 'email-verified', { isSuspended, signInUrl: null }, locale);
      }
      const next = isSuspended ? 'The account is suspended.' : 'You can sign in now.';
      return { message: `The address is confirmed. ${next}` };
    } catch (error) {
      if (!wantsPage(request)) throw error;
      // Back to the form, which says what was wrong, or asks for what it did not ask for before.
      if (error instanceof WeakPassword) return this.form(reply.code(400), token, error);
      if (error instanceof NewPasswordRequired) return this.form(reply.code(409), token);
      throw error;
    }
  }

  private async form(reply: FastifyReply, token: string, refused?: WeakPassword): Promise<string> {
    const link = await this.verification.look(token);
    const values = {
      token,
      email: link.user.email,
      accountName: accountName(link.user),
      requestedAt: link.requestedAt,
      requestedFrom: describeOrigin(link.requestedUserAgent, link.requestedIp),
      newPasswordRequired: link.newPasswordRequired || refused !== undefined,
      minLength: this.settings.PASSWORD_MIN_LENGTH,
      ...refusalOf(refused),
    };
    return this.pages.render(reply, 'verify-email', values, link.locale);
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
