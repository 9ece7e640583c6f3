import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { ownPages, withToken } from '../../config/link-urls.js';
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
import { type SessionChoice, SessionCookies } from '../sessions/session-cookies.js';
import { SignedInResponse } from '../sessions/signed-in.response.js';
import { groupedCode } from './code-text.js';
import { bindingOf, MagicLinkCookies } from './magic-link-cookies.js';
import { RequestMagicLinkDto, UseMagicLinkCodeDto, UseMagicLinkDto } from './magic-link.dto.js';
import { type FoundMagicLink, MagicLinkService } from './magic-link.service.js';

@ApiTags('Auth')
@Controller('auth/magic-link')
export class MagicLinkController {
  private readonly link;

  constructor(
    @InjectSettings() settings: Settings,
    private readonly pages: LinkPages,
    private readonly requests: LinkRequests,
    private readonly signIns: MagicLinkService,
    private readonly askers: MagicLinkCookies,
    private readonly devices: DeviceCookies,
    private readonly sessionCookies: SessionCookies,
  ) {
    const ownPage = ownPages(settings)['magic-link'];
    this.link = pages.of({
      find: (token, request) => signIns.findLink(token, this.askers.bindingOf(request)),
      state: (link) => tokenState(link, link.email),
      page: 'magic-link',
      values: (link, _refused, request) => ({
        email: link.email,
        continueUrl: ownPage === undefined ? null : withToken(ownPage, link.token),
        signInPath: settings.HOSTED_PAGES ? '/sign-in/with-link' : null,
        ...shownCodes(link, this.askers.bindingOf(request)),
        ...requestOf(link),
      }),
    });
  }

  @Post('request')
  @RequestsLink({
    operationId: 'requestMagicLink',
    summary: 'Request a link to sign in or register',
    description:
      'The response is always the same. Without an account, opening the link creates one. At most one mail a minute per address. The browser gets the cookie `roster-magic-link` (`__Host-roster-magic-link` over HTTPS), or an app sends a `codeChallenge`: if the link is opened elsewhere, its page shows a code that signs in there (`POST /auth/magic-link/code`).',
  })
  async request(
    @Body() { email, codeChallenge, continue: continueTo }: RequestMagicLinkDto,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<Message | string> {
    const binding = codeChallenge ?? this.askers.mark(reply.request, reply, { continueTo });
    await this.requests.add('magic-link', email, context, binding);
    return this.pages.requested(reply, 'magic-link-requested', 'Check your mail: a sign-in link is on its way.');
  }

  @Get()
  @ShowsLink({
    operationId: 'getMagicLink',
    summary: 'Show a sign-in link',
    description:
      'Does not use the link. Leads on to the page of the application (`LINK_URLS`, `MAGIC_LINK_URL`) with the token as `#token=`. If there is none, shows a button to sign in to the browser that requested the link, and to others a code to enter there. With `Accept: application/json`, returns whether the link is still valid.',
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
    'second-factor-required',
    'second-factor-setup-required',
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
    const from = this.clientOf(reply, deviceToken, choice);
    return this.remembered(reply, await this.signIns.signIn(token, { ...from, context }));
  }

  @Post('code')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  // RFC 6749, 5.1.
  @ApiOperation({
    operationId: 'signInByMagicLinkCode',
    summary: 'Sign in with the code of a mailed link',
    description:
      'For users who opened the link on another device: its page shows the code. It is valid only where the link was requested, in the browser with the cookie or for the app with the `codeVerifier`; works once; and uses the link. After five codes, right or wrong, the link has to be requested again.',
  })
  @ApiOkResponse({ type: SignedInResponse })
  @ApiProblems(
    'validation-failed',
    'invalid-code',
    'invalid-credentials',
    'second-factor-required',
    'second-factor-setup-required',
    'cross-site-request',
    'refused-by-handler',
    'too-many-requests',
  )
  async signInByCode(
    @Body() { code, codeVerifier, deviceToken, ...choice }: UseMagicLinkCodeDto,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<SignedInResponse> {
    const { request } = reply;
    const binding = codeVerifier === undefined ? this.askers.provenBindingOf(request) : bindingOf(codeVerifier);
    const from = this.clientOf(reply, deviceToken, choice);
    const signedIn = await this.signIns.signInByCode(code, binding, { ...from, context });
    this.askers.forget(request, reply);
    return this.remembered(reply, signedIn);
  }

  private clientOf(
    reply: FastifyReply,
    deviceToken: string | undefined,
    choice: SessionChoice & { readonly rememberedDevice?: string },
  ) {
    return {
      deviceToken: deviceToken ?? this.devices.of(reply.request),
      rememberedDevice: choice.rememberedDevice,
      browser: this.sessionCookies.forSignIn(reply.request, reply, choice),
    };
  }

  private remembered(reply: FastifyReply, signedIn: SignedInResponse): SignedInResponse {
    this.devices.remember(reply.request, reply, signedIn.user.id, signedIn.deviceToken);
    return signedIn;
  }
}

/** For the browser that asked a button, with its own code; for others the codes of all that asked. */
function shownCodes({ waiting }: FoundMagicLink, here: Buffer | undefined) {
  const own = waiting.find(({ binding }) => here !== undefined && binding.equals(here));
  const shown = own ? [own] : waiting;
  const isOneOfSeveral = shown.length > 1;
  return {
    isHere: own !== undefined,
    hasCode: shown.length > 0,
    hasSeveral: isOneOfSeveral,
    codes: shown.map((asker) => ({ code: groupedCode(asker.code), isOneOfSeveral, ...requestOf(asker) })),
  };
}
