import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { DeviceCookies } from '../lockout/device-cookies.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { SignedInResponse } from '../sessions/signed-in.response.js';
import { SecondStepDto } from './second-step.dto.js';
import { SignInGate } from './sign-in-gate.js';

@ApiTags('Auth')
@Controller('auth')
export class SecondStepController {
  constructor(
    private readonly gate: SignInGate,
    private readonly cookies: DeviceCookies,
    private readonly sessionCookies: SessionCookies,
  ) {}

  @Post('second-factor')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @ApiOperation({
    operationId: 'presentSecondFactor',
    summary: 'Complete a sign-in with a second factor',
    description:
      'After a first step that was answered with 403 `second-factor-required`. Within five minutes, once, and from the same browser, or with the same `deviceToken`, as the first step. After five wrong codes the sign-in has to begin again, and there is a wait, which doubles each time.',
  })
  @ApiOkResponse({ type: SignedInResponse })
  @ApiProblems('validation-failed', 'wrong-second-factor', 'cross-site-request', 'sign-in-expired', 'too-many-requests')
  async present(
    @Body() { token, method, code, assertion, deviceToken, rememberDevice, ...choice }: SecondStepDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Reply() reply: FastifyReply,
  ): Promise<SignedInResponse> {
    const signedIn = await this.gate.complete({
      token,
      proof: { method, code, assertion },
      deviceToken: deviceToken ?? this.cookies.of(request),
      binding: this.sessionCookies.bindingOf(request),
      browser: this.sessionCookies.forSignIn(request, reply, choice),
      rememberDevice,
      context,
    });
    this.cookies.remember(request, reply, signedIn.user.id, signedIn.deviceToken);
    return signedIn;
  }
}
