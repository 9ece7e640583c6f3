import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Context, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { providerName } from '../../config/provider-settings.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Message } from '../../http/openapi/message.js';
import { signInQuery } from '../../http/pages/page-values.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { accountName } from '../../users/aggregate/account-name.js';
import { LinkPages, proofLinkState, requestOf } from '../one-time-tokens/link-pages.js';
import { LinkRequests } from '../one-time-tokens/link-requests.js';
import { RequestsLink, ShowsLink, UsesLink } from '../one-time-tokens/link-routes.js';
import { OneTimeTokenDto, ProofLinkStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { newPasswordForm } from '../passwords/new-password-form.js';
import { ResendVerificationDto, VerifyEmailDto } from './verification.dto.js';
import { RegistrantSignIn } from './registrant-sign-in.js';
import { VerificationService } from './verification.service.js';

@ApiTags('Auth')
@Controller('auth')
export class VerificationController {
  private readonly link;

  constructor(
    @InjectSettings() settings: Settings,
    private readonly pages: LinkPages,
    private readonly verification: VerificationService,
    private readonly requests: LinkRequests,
    private readonly registrant: RegistrantSignIn,
  ) {
    this.link = pages.of({
      find: (token) => verification.findLink(token),
      state: (link) => proofLinkState(link, link.user.email),
      page: 'verify-email',
      values: (link, refused) => ({
        accountName: accountName(link.user),
        ...requestOf(link),
        providerName: link.provider === null ? null : providerName(settings, link.provider),
        newPasswordRequired: link.newPasswordRequired || refused !== undefined,
        ...newPasswordForm(link.user.email, settings.PASSWORD_MIN_LENGTH, refused),
      }),
      shownAgainAfter: ['weak-password', 'new-password-required'],
    });
  }

  @Get('verify-email')
  @ShowsLink({
    operationId: 'getVerificationLink',
    summary: 'Show a verification link',
    state: ProofLinkStateResponse,
  })
  show(@Query() { token }: OneTimeTokenDto, @Reply() reply: FastifyReply): Promise<ProofLinkStateResponse | string> {
    return this.link.show(reply, token);
  }

  @Post('verify-email')
  @Limit('link-use')
  @UsesLink({
    operationId: 'verifyEmail',
    summary: 'Confirm an email address',
    description:
      'Works once. Requires a new password if the registered one may be somebody else’s, because others claimed the address too or the link was requested again; and, in another browser than the one that registered, if a provider of sign-ins was used, which is unlinked then. A form gets a page.',
    problems: ['weak-password', 'new-password-required', 'already-confirmed', 'refused-by-handler', 'busy'],
  })
  confirm(
    @Body() { token, newPassword = null }: VerifyEmailDto,
    @Reply() reply: FastifyReply,
  ): Promise<Message | string> {
    const isRegistrant = (userId: string): boolean => this.registrant.is(reply.request, userId);
    const confirmed = (context: RequestContext) => this.verification.confirm(token, newPassword, context, isRegistrant);
    return this.link.use(reply, token, confirmed, {
      json: ({ isSuspended }) => ({
        message: `The address is confirmed. ${isSuspended ? 'The account is suspended.' : 'You can sign in now.'}`,
      }),
      page: 'email-verified',
      values: async (link) => ({
        isSuspended: link.isSuspended,
        goOnUrl: await this.registrant.signIn(reply, link),
        signInQuery: signInQuery(link.email),
      }),
    });
  }

  @Post('resend-verification')
  @RequestsLink({
    operationId: 'resendVerification',
    summary: 'Request a new verification link',
    description:
      'The response is always the same. A link is mailed if a registration or an invitation is waiting for confirmation, at most one a minute.',
  })
  async resend(
    @Body() { email }: ResendVerificationDto,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<Message | string> {
    await this.requests.add('verify-email', email, context);
    return this.pages.requested(
      reply,
      'resend-sent',
      'If that address is waiting for confirmation, a new link is on its way.',
    );
  }
}
