import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { contextOf } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { ApiPage } from '../../http/pages/api-page.js';
import { ContinueTargets } from '../../http/pages/continue-targets.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { IgnoreOtherQuery } from '../../http/request/declared-input.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ValidationFailed } from '../../http/request/validation.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { DeviceCookies } from '../lockout/device-cookies.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { SignedInResponse } from '../sessions/signed-in.response.js';
import { ExchangeProviderCodeDto, StartProviderSignInDto } from './provider.dto.js';
import { ProviderAnswers } from './provider-answers.js';
import { ProviderDepartures } from './provider-departures.js';
import { ProviderFailure } from './provider-errors.js';
import { FlowCookies } from './flow-cookies.js';
import { isLedByStranger } from './led-by-stranger.js';
import { ProviderReturnDto, ProviderReturnForm, queryOf, RETURNED } from './provider-return.dto.js';
import { ProviderSignIns } from './provider-sign-ins.js';
import { Providers } from './providers.js';

const NO_TARGET = { path: 'continue', message: 'must be a URL of an origin in SIGN_IN_REDIRECTS, or in APP_REDIRECTS' };

const ApiProvider = (): MethodDecorator =>
  ApiParam({ name: 'id', example: 'google', description: 'of a provider in `PROVIDERS`', schema: { type: 'string' } });

const ApiLeadsOn = (where: string): MethodDecorator =>
  ApiResponse({ status: 303, description: where, headers: apiHeaders('Location') });

/** Sign-in by other providers (OpenID Connect Core 1.0, 3.1; OAuth 2.0 Security Best Current Practice, RFC 9700). */
@ApiTags('Auth')
@Controller('auth/providers/:id')
export class ProvidersController {
  constructor(
    private readonly providers: Providers,
    private readonly departures: ProviderDepartures,
    private readonly signIns: ProviderSignIns,
    private readonly answers: ProviderAnswers,
    private readonly pages: HostedPages,
    private readonly targets: ContinueTargets,
    private readonly flowCookies: FlowCookies,
    private readonly sessionCookies: SessionCookies,
    private readonly deviceCookies: DeviceCookies,
  ) {}

  @Get('start')
  @Allow('ANONYMOUS')
  @Limit('provider-start')
  @ApiProvider()
  @ApiOperation({
    operationId: 'startProviderSignIn',
    summary: 'Sign in or register with a provider',
    description:
      'For browsers to open. Leads to the provider, which leads back to the callback. If the provider cannot be reached, leads to the page to sign in, which says so. A browser that is led here by a page of a site that is not in `SIGN_IN_REDIRECTS` gets a page that asks whether to go on, because that site may want to sign somebody in who did not ask for it, or to get a code for the account.',
  })
  @ApiOkResponse({
    description: 'a page that asks whether to go on',
    content: { 'text/html': { schema: { type: 'string' }, example: '<!doctype html><title>Roster</title>' } },
  })
  @ApiLeadsOn('to the provider, or to the page to sign in')
  @ApiProblems('validation-failed', 'not-found')
  async start(
    @Param('id') id: string,
    @Query() { continue: target, keepSignedIn, codeChallenge }: StartProviderSignInDto,
    @Reply() reply: FastifyReply,
  ): Promise<string | undefined> {
    const provider = this.providers.find(id);
    const continueTo =
      codeChallenge === undefined ? this.targets.check(target) : this.targets.checkForApplication(target);
    if (codeChallenge !== undefined && continueTo === null) throw new ValidationFailed([NO_TARGET]);
    // With a `codeChallenge`, too: of a person who is never asked at the provider, a page of a stranger would get a code to its own verifier.
    if (isLedByStranger(reply.request, this.targets.origins)) return this.departures.ask(reply, provider);
    const flow = {
      purpose: 'sign-in',
      ...{ userId: null, sessionId: null, continueTo },
      keepSignedIn: keepSignedIn !== undefined,
      codeChallenge: codeChallenge ?? null,
    } as const;
    try {
      this.pages.redirect(reply, await this.departures.begin(reply, provider, flow));
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      this.answers.toProblemPage(reply, id, flow, error.problem);
    }
    return undefined;
  }

  @Get('callback')
  @Allow('ANONYMOUS')
  @IgnoreOtherQuery(...RETURNED)
  @ApiPage()
  @ApiProvider()
  @ApiOperation({
    operationId: 'returnFromProvider',
    summary: 'Return from a provider',
    description:
      'The redirect URI to register at the provider. Leads on to `continue`, to the next step of the sign-in, or to a page that says what went wrong. A browser that comes from the provider first gets a page that leads it here again, because it sends cookies that are for our own pages alone only then.',
  })
  @ApiOkResponse({ description: 'a page that leads on' })
  @ApiLeadsOn('to where the sign-in goes on')
  @ApiProblems('validation-failed', 'not-found')
  async return(
    @Param('id') id: string,
    @Query() given: ProviderReturnDto,
    @Reply() reply: FastifyReply,
  ): Promise<string | undefined> {
    const provider = this.providers.find(id);
    const { request } = reply;
    const query = queryOf(given);
    const site = request.headers['sec-fetch-site'];
    if ((site === 'cross-site' || site === 'same-site') && given.again === undefined)
      return this.goOn(reply, id, query);
    const context = contextOf(request);
    const finished = await this.signIns.finish(provider, {
      query,
      browser: this.flowCookies.of(request),
      deviceToken: this.deviceCookies.of(request),
      cookieFor: ({ codeChallenge, keepSignedIn }) =>
        codeChallenge === null ? this.sessionCookies.forReturn(request, reply, keepSignedIn) : undefined,
      context,
      locale: this.pages.languageOf(request),
    });
    this.answers.answer(reply, id, finished);
    return undefined;
  }

  /** Sent by a page of the provider, so without our cookies: the next request has them. */
  @Post('callback')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @ApiPage()
  @ApiProvider()
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiOperation({
    operationId: 'returnFromProviderByForm',
    summary: 'Return from a provider that posts a form',
    description: 'For providers with `response_mode=form_post`, such as Apple.',
  })
  @ApiOkResponse({
    description: 'a page that leads on to the callback',
    content: { 'text/html': { schema: { type: 'string' }, example: '<!doctype html><title>Roster</title>' } },
  })
  @ApiProblems('validation-failed', 'not-found')
  returnByForm(@Param('id') id: string, @Body() form: ProviderReturnForm, @Reply() reply: FastifyReply): string {
    this.providers.find(id);
    return this.goOn(reply, id, queryOf(form));
  }

  @Post('exchange')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @ApiProvider()
  @ApiOperation({
    operationId: 'exchangeProviderCode',
    summary: 'Sign in with the code of an application',
    description:
      'For native and single-page applications that began with a `codeChallenge`. Within a minute, once. Lockouts and second factors apply as to every sign-in.',
  })
  @ApiOkResponse({ type: SignedInResponse })
  @ApiProblems(
    'validation-failed',
    'not-found',
    'invalid-code',
    'invalid-credentials',
    'second-factor-required',
    'second-factor-setup-required',
    'cross-site-request',
    'too-many-requests',
  )
  async exchange(
    @Param('id') id: string,
    @Body() { code, codeVerifier, deviceToken, rememberedDevice, ...choice }: ExchangeProviderCodeDto,
    @Reply() reply: FastifyReply,
  ): Promise<SignedInResponse> {
    const provider = this.providers.find(id);
    const { request } = reply;
    const signedIn = await this.signIns.exchange(
      provider,
      { code, codeVerifier },
      {
        deviceToken: deviceToken ?? this.deviceCookies.of(request),
        rememberedDevice,
        browser: this.sessionCookies.forSignIn(request, reply, choice),
        context: contextOf(request),
      },
    );
    this.deviceCookies.remember(request, reply, signedIn.user.id, signedIn.deviceToken);
    return signedIn;
  }

  /** A page of ours that goes on at once, by a header, which needs no script. */
  private goOn(reply: FastifyReply, id: string, query: URLSearchParams): string {
    query.set('again', 'yes');
    const goOnUrl = `/auth/providers/${id}/callback?${query.toString()}`;
    return this.departures.goOn(reply, goOnUrl);
  }
}
