import { Body, Controller, Delete, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow, OrSetupToken } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiUserChange, IfMatch, UserId } from '../../users/api/user-id.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { SetupSignIns } from '../sign-in/setup-sign-ins.js';
import { ConfirmTotpDto, TotpConfirmedResponse, TotpSetupResponse } from './totp.dto.js';
import { TotpSetups } from './totp-setups.js';

@ApiTags('Users')
@Controller('users/:id/totp')
export class TotpController {
  constructor(
    private readonly setups: TotpSetups,
    private readonly cookies: SessionCookies,
    private readonly signIns: SetupSignIns,
  ) {}

  @Post()
  @HttpCode(200)
  @Allow('AUTHENTICATED')
  @OrSetupToken()
  @RequireStepUp()
  @ApiUserChange()
  @ApiOperation({
    operationId: 'beginTotp',
    summary: 'Begin to set up an authenticator app',
    description:
      'Only for yourself. Returns a new secret (RFC 6238: SHA-1, six digits, 30 seconds), which is shown once and has no effect before it is confirmed. An earlier set-up that was not confirmed ends.',
  })
  @ApiOkResponse({ type: TotpSetupResponse })
  @ApiProblems('forbidden', 'sign-in-expired', 'not-found', 'precondition-failed')
  async begin(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<TotpSetupResponse> {
    const { expiresAt, ...setup } = await this.setups.begin({ id, caller, context, ifMatch });
    return { ...setup, expiresAt: expiresAt.toISOString() };
  }

  @Post('confirm')
  @HttpCode(200)
  @Allow('AUTHENTICATED')
  @OrSetupToken()
  @RequireStepUp()
  @ApiUserChange()
  @ApiOperation({
    operationId: 'confirmTotp',
    summary: 'Confirm an authenticator app with its first code',
    description:
      'From now on, sign-ins need a second factor. Replaces an earlier app. Returns ten recovery codes if you have none; they are shown only here. With the `continueWith.token` of a sign-in that was answered with 403 `second-factor-setup-required`, it also signs you in, as `POST /auth/login` does.',
  })
  @ApiOkResponse({ type: TotpConfirmedResponse })
  @ApiProblems(
    'validation-failed',
    'forbidden',
    'wrong-second-factor',
    'sign-in-expired',
    'not-found',
    'totp-setup-expired',
    'precondition-failed',
    'refused-by-handler',
  )
  async confirm(
    @UserId() id: string,
    @Body() { code, ...choice }: ConfirmTotpDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @IfMatch() ifMatch?: string,
  ): Promise<TotpConfirmedResponse> {
    const signIn = this.signIns.of(reply, caller, choice);
    const browser = this.cookies.ofBrowser(reply.request, reply);
    const recoveryCodes = await this.setups.confirm({ id, caller, context, ifMatch, browser }, code);
    return Object.assign({ recoveryCodes }, await signIn?.({ factor: 'totp', amr: ['otp'] }));
  }

  @Delete()
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @RequireStepUp()
  @ApiUserChange()
  @ApiOperation({
    operationId: 'removeTotp',
    summary: 'Remove the authenticator app',
    description:
      'Your own, or any user’s as an ADMIN, which ends all sessions of that user. Recovery codes go with the last second factor.',
  })
  @ApiNoContentResponse()
  @ApiProblems('forbidden', 'not-found', 'second-factor-stays', 'precondition-failed', 'refused-by-handler')
  async remove(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.setups.remove({ id, caller, context, ifMatch, browser: this.cookies.ofBrowser(reply.request, reply) });
  }
}
