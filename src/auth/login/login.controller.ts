import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { DeviceCookies } from '../lockout/device-cookies.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { SignedInResponse } from '../sessions/signed-in.response.js';
import { LoginDto } from './login.dto.js';
import { LoginService } from './login.service.js';

@ApiTags('Auth')
@Controller('auth')
export class LoginController {
  constructor(
    private readonly logins: LoginService,
    private readonly cookies: DeviceCookies,
    private readonly sessionCookies: SessionCookies,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  // RFC 6749, 5.1.
  @ApiOperation({
    operationId: 'login',
    summary: 'Sign in',
    description:
      'By email address or username. Send the `deviceToken` of the last sign-in unless the browser keeps it as a cookie: failed sign-ins elsewhere then do not lock out this device.',
  })
  @ApiBody({
    // At least one of the two is required, but client generators turn such an `anyOf` into useless classes.
    schema: { $ref: getSchemaPath(LoginDto), not: { properties: { identifier: false, email: false } } } as object,
  })
  @ApiExtraModels(LoginDto)
  @ApiOkResponse({ type: SignedInResponse })
  @ApiProblems(
    'validation-failed',
    'invalid-credentials',
    'email-not-verified',
    'second-factor-required',
    'second-factor-setup-required',
    'cross-site-request',
    'too-many-requests',
    'busy',
  )
  async login(
    @Body() { identifier, email, password, deviceToken, ...choice }: LoginDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Reply() reply: FastifyReply,
  ): Promise<SignedInResponse> {
    const signedIn = await this.logins.login({
      identifier: identifier ?? email ?? '',
      password,
      deviceToken: deviceToken ?? this.cookies.of(request),
      rememberedDevice: choice.rememberedDevice,
      browser: this.sessionCookies.forSignIn(request, reply, choice),
      context,
    });
    this.cookies.remember(request, reply, signedIn.user.id, signedIn.deviceToken);
    return signedIn;
  }
}
