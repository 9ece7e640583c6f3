import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Context, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Message } from '../../http/openapi/message.js';
import { signInQuery } from '../../http/pages/page-values.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { LinkPages, requestOf, tokenState } from '../one-time-tokens/link-pages.js';
import { LinkRequests } from '../one-time-tokens/link-requests.js';
import { RequestsLink, ShowsLink, UsesLink } from '../one-time-tokens/link-routes.js';
import { OneTimeTokenDto, type TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { newPasswordForm } from '../passwords/new-password-form.js';
import { RequestPasswordResetDto, ResetPasswordDto } from './password-reset.dto.js';
import { PasswordResetService } from './password-reset.service.js';

@ApiTags('Auth')
@Controller('auth')
export class PasswordResetController {
  private readonly link;

  constructor(
    @InjectSettings() settings: Settings,
    private readonly pages: LinkPages,
    private readonly resets: PasswordResetService,
    private readonly requests: LinkRequests,
  ) {
    this.link = pages.of({
      find: (token) => resets.findLink(token),
      state: (link) => tokenState(link, link.email),
      page: 'reset-password',
      values: (link, refused) => ({
        ...requestOf(link),
        isSuspended: link.isSuspended,
        ...newPasswordForm(link.email, settings.PASSWORD_MIN_LENGTH, refused),
      }),
      shownAgainAfter: ['weak-password'],
    });
  }

  @Post('request-password-reset')
  @RequestsLink({
    operationId: 'requestPasswordReset',
    summary: 'Request a password reset link',
    description:
      'The response is always the same. A link is mailed if the address belongs to an account, at most one a minute.',
  })
  async request(
    @Body() { email }: RequestPasswordResetDto,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<Message | string> {
    await this.requests.add('reset-password', email, context);
    return this.pages.requested(
      reply,
      'reset-requested',
      'If that address belongs to an account, a link to choose a new password is on its way.',
    );
  }

  @Get('reset-password')
  @ShowsLink({
    operationId: 'getPasswordResetLink',
    summary: 'Show a password reset link',
    description:
      'Asks for a new password; does not use the link. With `Accept: application/json`, returns whether the link is still valid.',
  })
  show(@Query() { token }: OneTimeTokenDto, @Reply() reply: FastifyReply): Promise<TokenStateResponse | string> {
    return this.link.show(reply, token);
  }

  @Post('reset-password')
  @Limit('link-use')
  @UsesLink({
    operationId: 'resetPassword',
    summary: 'Reset a password',
    description:
      'Ends all sessions, every other link and a lockout, but not a suspension. Works once; after a refused password the link stays valid.',
    answer: null,
    problems: ['weak-password', 'refused-by-handler', 'busy'],
  })
  reset(@Body() { token, newPassword }: ResetPasswordDto, @Reply() reply: FastifyReply): Promise<string | undefined> {
    return this.link.use(reply, token, (context) => this.resets.reset(token, newPassword, context), {
      json: () => undefined,
      page: 'password-reset',
      values: ({ isSuspended, email }) => ({ isSuspended, signInQuery: signInQuery(email) }),
    });
  }
}
