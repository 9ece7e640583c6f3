import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Message } from '../../http/openapi/message.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { DeviceCookies } from '../lockout/device-cookies.js';
import { LinkPages, requestOf, tokenState } from '../one-time-tokens/link-pages.js';
import { LinkRequests } from '../one-time-tokens/link-requests.js';
import { RequestsLink, ShowsLink } from '../one-time-tokens/link-routes.js';
import { OneTimeTokenDto, type TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { SignedInResponse } from '../sessions/signed-in.response.js';
import { RequestMagicLinkDto, UseMagicLinkDto } from './magic-link.dto.js';
import { MagicLinkService } from './magic-link.service.js';

@ApiTags('Auth')
@Controller('auth/magic-link')
export class MagicLinkController {
  private readonly link;

  constructor(
    @InjectSettings() { MAGIC_LINK_URL }: Settings,
    private readonly pages: LinkPages,
    private readonly requests: LinkRequests,
    private readonly signIns: MagicLinkService,
    private readonly cookies: DeviceCookies,
    private readonly sessionCookies: SessionCookies,
  ) {
    this.link = pages.of({
      find: (token) => signIns.findLink(token),
      state: tokenState,
      page: 'magic-link',
      values: (link) => ({
        email: link.email,
        continueUrl: withToken(MAGIC_LINK_URL, link.token),
        ...requestOf(link),
      }),
    });
  }

  @Post('request')
  @RequestsLink({
    operationId: 'requestMagicLink',
    summary: 'Request a link to sign in or register',
    description:
      'The response is always the same. Without an account, opening the link creates one. At most one mail a minute per address.',
  })
  async request(
    @Body() { email }: RequestMagicLinkDto,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<Message | string> {
    await this.requests.add('magic-link', email, context);
    return this.pages.requested(reply, 'magic-link-requested', 'Check your mail: a sign-in link is on its way.');
  }

  @Get()
  @ShowsLink({
    operationId: 'getMagicLink',
    summary: 'Show a sign-in link',
    description:
      'Does not use the link. Redirects to `MAGIC_LINK_URL` with the token as `#token=`, or shows the token as a code to copy if that is not set. With `Accept: application/json`, returns whether the link is still valid.',
  })
  show(@Query() { token }: OneTimeTokenDto, @Reply() reply: FastifyReply): Promise<TokenStateResponse | string> {
    return this.link.show(reply, token);
  }

  @Post()
  @HttpCode(200)
  @Allow('ANONYMOUS')
  // RFC 6749, 5.1.
  @ApiOperation({
    operationId: 'signInByMagicLink',
    summary: 'Sign in with the token of a mailed link',
    description:
      'Works once. Also confirms the address, which activates a registration, and ends a lockout after failed sign-ins.',
  })
  @ApiOkResponse({ type: SignedInResponse })
  @ApiProblems(
    'validation-failed',
    'invalid-credentials',
    'cross-site-request',
    'token-expired-or-used',
    'refused-by-handler',
    'too-many-requests',
  )
  async signIn(
    @Body() { token, deviceToken, ...choice }: UseMagicLinkDto,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<SignedInResponse> {
    const from = {
      deviceToken: deviceToken ?? this.cookies.of(reply.request),
      browser: this.sessionCookies.forSignIn(reply.request, reply, choice),
      context,
    };
    const signedIn = await this.signIns.signIn(token, from);
    this.cookies.remember(reply.request, reply, signedIn.user.id, signedIn.deviceToken);
    return signedIn;
  }
}

/** The sign-in page with the token in the fragment, which browsers do not send to servers. */
function withToken(page: string | undefined, token: string): string | null {
  if (page === undefined) return null;
  const url = new URL(page);
  url.hash = `token=${token}`;
  return url.href;
}
