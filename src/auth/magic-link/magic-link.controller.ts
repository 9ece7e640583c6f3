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
import { DeviceCookies } from '../lockout/device-cookies.js';
import { OneTimeTokenDto, TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { SignedInResponse } from '../sessions/signed-in.response.js';
import { RequestMagicLinkDto, UseMagicLinkDto } from './magic-link.dto.js';
import { MagicLinkRequests } from './magic-link-requests.js';
import { MagicLinkService } from './magic-link.service.js';

@ApiTags('Auth')
@Controller('auth/magic-link')
export class MagicLinkController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly requests: MagicLinkRequests,
    private readonly signIns: MagicLinkService,
    private readonly pages: Pages,
    private readonly cookies: DeviceCookies,
  ) {}

  @Post('request')
  @HttpCode(202)
  @Allow('ANONYMOUS')
  @Limit('mail-request')
  @ApiOperation({
    operationId: 'requestMagicLink',
    summary: 'Ask for a link to sign in or register by',
    description:
      'The answer is always the same. Who has no account yet gets one by opening the link. At most one mail a minute and address.',
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiPage()
  @ApiAcceptedResponse({ type: Message })
  @ApiProblems('validation-failed')
  async request(
    @Body() { email }: RequestMagicLinkDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Message | string> {
    await this.requests.request(email, context);
    if (!wantsPage(request)) return { message: 'Check your mail: a link to sign in by is on its way.' };
    return this.pages.render(reply, 'magic-link-requested', {});
  }

  @Get()
  @Allow('ANONYMOUS')
  @IgnoreOtherQuery('token')
  @ApiOperation({
    operationId: 'getMagicLink',
    summary: 'The page behind a link to sign in by',
    description:
      'Uses nothing. Leads to `MAGIC_LINK_URL` with the token as `#token=`, or shows the token as a code to copy where that is not set. With `Accept: application/json`, says whether the link is still good.',
  })
  @ApiPage()
  @ApiOkResponse({ type: TokenStateResponse })
  @ApiProblems('validation-failed', 'token-expired-or-used')
  async show(
    @Query() { token }: OneTimeTokenDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenStateResponse | string> {
    const link = await this.signIns.look(token);
    if (wantsJson(request)) return { valid: true, expiresAt: link.expiresAt.toISOString() };
    return this.pages.render(
      reply,
      'magic-link',
      {
        token,
        email: link.email,
        continueUrl: this.continueUrl(token),
        requestedAt: link.requestedAt,
        requestedFrom: describeOrigin(link.requestedUserAgent, link.requestedIp),
      },
      link.locale,
    );
  }

  @Post()
  @HttpCode(200)
  @Allow('ANONYMOUS')
  // RFC 6749, 5.1.
  @ApiOperation({
    operationId: 'signInByMagicLink',
    summary: 'Sign in by the token of a mailed link',
    description:
      'Works once. Proves the address too, which makes an account of a registration, and ends a lock that wrong passwords have caused.',
  })
  @ApiOkResponse({ type: SignedInResponse })
  @ApiProblems(
    'validation-failed',
    'invalid-credentials',
    'token-expired-or-used',
    'refused-by-handler',
    'too-many-requests',
  )
  async signIn(
    @Body() { token, deviceToken }: UseMagicLinkDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignedInResponse> {
    const from = { deviceToken: deviceToken ?? this.cookies.of(request), context };
    const signedIn = await this.signIns.signIn(token, from);
    this.cookies.remember(request, reply, signedIn.user.id, signedIn.deviceToken);
    return signedIn;
  }

  /** In the fragment, which browsers send to nobody. */
  private continueUrl(token: string): string | null {
    if (this.settings.MAGIC_LINK_URL === undefined) return null;
    const url = new URL(this.settings.MAGIC_LINK_URL);
    url.hash = `token=${token}`;
    return url.href;
  }
}
