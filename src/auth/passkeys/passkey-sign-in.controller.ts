import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { DeviceCookies } from '../lockout/device-cookies.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { SignedInResponse } from '../sessions/signed-in.response.js';
import { ChallengeCookies } from './challenge-cookies.js';
import { PasskeyOptionsDto, PasskeyRequestOptions } from './passkey.dto.js';
import { PasskeyProofs } from './passkey-proofs.js';
import { PasskeySignInDto } from './passkey-sign-in.dto.js';
import { PasskeySignIn } from './passkey-sign-in.service.js';

@ApiTags('Auth')
@Controller('auth/passkey')
export class PasskeySignInController {
  constructor(
    private readonly signIns: PasskeySignIn,
    private readonly proofs: PasskeyProofs,
    private readonly challengeCookies: ChallengeCookies,
    private readonly deviceCookies: DeviceCookies,
    private readonly sessionCookies: SessionCookies,
  ) {}

  @Post('options')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @Limit('passkey-options')
  @ApiOperation({
    operationId: 'getPasskeyRequestOptions',
    summary: 'Begin to sign in with a passkey',
    description:
      'Returns the options for `navigator.credentials.get()`. Their challenge is valid for five minutes and one use. Without a body, for a sign-in: they name no account, and the challenge is valid only in the browser that asked, which gets a cookie. With the token of a first step, for `POST /auth/second-factor`.',
  })
  @ApiBody({ type: PasskeyOptionsDto, required: false })
  @ApiOkResponse({ type: PasskeyRequestOptions })
  @ApiProblems('validation-failed', 'sign-in-expired', 'not-found')
  options(
    @Body() { token }: PasskeyOptionsDto = {},
    @Reply() reply: FastifyReply,
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { request } = reply;
    if (token === undefined) return this.signIns.options(this.challengeCookies.bind(request, reply));
    return this.proofs.forSecondStep(token, this.sessionCookies.bindingOf(request));
  }

  @Post()
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @ApiOperation({
    operationId: 'signInByPasskey',
    summary: 'Sign in with a passkey',
    description:
      'The passkey identifies the user. It needs user verification (a PIN or biometrics), and with that counts as two factors. Lockouts after wrong passwords do not apply to it.',
  })
  @ApiOkResponse({ type: SignedInResponse })
  @ApiProblems('validation-failed', 'invalid-credentials', 'cross-site-request', 'too-many-requests')
  async signIn(
    @Body() { assertion, deviceToken, ...choice }: PasskeySignInDto,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<SignedInResponse> {
    const { request } = reply;
    const signedIn = await this.signIns.signIn(assertion, this.challengeCookies.of(request), {
      deviceToken: deviceToken ?? this.deviceCookies.of(request),
      browser: this.sessionCookies.forSignIn(request, reply, choice),
      context,
    });
    this.deviceCookies.remember(request, reply, signedIn.user.id, signedIn.deviceToken);
    return signedIn;
  }
}
