import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import type { FastifyReply } from 'fastify';
import { Allow, OrSetupToken } from '../../access/allow.decorator.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { Limit } from '../../access/limit.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiUserChange, ApiUserId, IfMatch, UserId } from '../../users/api/user-id.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { SetupSignIns } from '../sign-in/setup-sign-ins.js';
import {
  AddedPasskeyResponse,
  NewPasskeyDto,
  PasskeyCreationOptions,
  PasskeyList,
  PasskeyResponse,
  RenamePasskeyDto,
} from './passkey.dto.js';
import { PasskeyRegistration } from './passkey-registration.service.js';
import { UserPasskeys } from './user-passkeys.js';

const ApiPasskeyId = (): MethodDecorator => ApiParam({ name: 'passkeyId', schema: { type: 'string', format: 'uuid' } });

/** The passkeys of a user: further ways to sign in, and second factors. */
@ApiTags('Users')
@Controller('users/:id/passkeys')
export class PasskeysController {
  constructor(
    private readonly registration: PasskeyRegistration,
    private readonly passkeys: UserPasskeys,
    private readonly cookies: SessionCookies,
    private readonly signIns: SetupSignIns,
  ) {}

  @Get()
  @Allow('AUTHENTICATED')
  @ApiUserId()
  @ApiOperation({
    operationId: 'listPasskeys',
    summary: 'List the passkeys of a user',
    description: 'Your own, those of an AUTHENTICATED user as a MANAGER, or any user’s as an ADMIN.',
  })
  @ApiOkResponse({ type: PasskeyList })
  @ApiProblems('forbidden', 'not-found')
  async list(@UserId() id: string, @CurrentCaller() caller: Caller): Promise<PasskeyList> {
    const items = await this.passkeys.list({ id, caller });
    return { items: items.map((passkey) => PasskeyResponse.from(passkey)) };
  }

  @Post('options')
  @HttpCode(200)
  @Allow('AUTHENTICATED')
  @OrSetupToken()
  @RequireStepUp()
  @Limit('passkey-options')
  @ApiUserId()
  @ApiOperation({
    operationId: 'getPasskeyCreationOptions',
    summary: 'Begin to add a passkey',
    description:
      'Only for your own account. Returns the options for `navigator.credentials.create()`. Their challenge is valid for five minutes, in this session, for one use.',
  })
  @ApiOkResponse({ type: PasskeyCreationOptions })
  @ApiProblems('forbidden', 'not-found', 'too-many-passkeys')
  options(@UserId() id: string, @CurrentCaller() caller: Caller): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return this.registration.options({ id, caller });
  }

  @Post()
  @Allow('AUTHENTICATED')
  @OrSetupToken()
  @RequireStepUp()
  @ApiUserChange()
  @ApiOperation({
    operationId: 'addPasskey',
    summary: 'Add a passkey',
    description:
      'With the credential that the browser made from the options. From now on it signs you in by itself, and other sign-in methods need a second factor. Returns ten recovery codes if you have none. With the `continueWith.token` of a sign-in that was answered with 403 `second-factor-setup-required`, it also signs you in, as `POST /auth/login` does. You are notified by mail.',
  })
  @ApiCreatedResponse({ type: AddedPasskeyResponse, headers: apiHeaders('Location') })
  @ApiProblems(
    'validation-failed',
    'invalid-passkey',
    'forbidden',
    'not-found',
    'passkey-exists',
    'sign-in-expired',
    'too-many-passkeys',
    'refused-by-handler',
  )
  async add(
    @UserId() id: string,
    @Body() { name, credential, ...choice }: NewPasskeyDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @IfMatch() ifMatch?: string,
  ): Promise<AddedPasskeyResponse> {
    const signIn = this.signIns.of(reply, caller, choice);
    const request = { id, caller, context, ifMatch, browser: this.cookies.ofBrowser(reply.request, reply) };
    const { passkey, recoveryCodes } = await this.registration.add(request, credential, name ?? undefined);
    void reply.header('location', `/users/${id}/passkeys/${passkey.id}`);
    const added = Object.assign(PasskeyResponse.from(passkey), { recoveryCodes: [...recoveryCodes] });
    return Object.assign(added, await signIn?.({ factor: 'passkey', amr: ['user'] }));
  }

  @Patch(':passkeyId')
  @Allow('AUTHENTICATED')
  @ApiUserChange()
  @ApiPasskeyId()
  @ApiOperation({ operationId: 'renamePasskey', summary: 'Rename a passkey', description: 'Only your own.' })
  @ApiOkResponse({ type: PasskeyResponse })
  @ApiProblems('validation-failed', 'forbidden', 'not-found')
  async rename(
    @UserId() id: string,
    @Param('passkeyId') passkeyId: string,
    @Body() { name }: RenamePasskeyDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<PasskeyResponse> {
    return PasskeyResponse.from(await this.passkeys.rename({ id, caller, context, ifMatch }, passkeyId, name));
  }

  @Delete(':passkeyId')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @RequireStepUp()
  @ApiUserChange()
  @ApiPasskeyId()
  @ApiOperation({
    operationId: 'removePasskey',
    summary: 'Remove a passkey',
    description:
      'Your own, or any user’s as an ADMIN, which ends all sessions of that user. Not the last sign-in method. Recovery codes go with the last second factor. The user is notified by mail.',
  })
  @ApiNoContentResponse()
  @ApiProblems('forbidden', 'not-found', 'sign-in-method-stays', 'second-factor-stays', 'refused-by-handler')
  async remove(
    @UserId() id: string,
    @Param('passkeyId') passkeyId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    const browser = this.cookies.ofBrowser(reply.request, reply);
    await this.passkeys.remove({ id, caller, context, ifMatch, browser }, passkeyId);
  }
}
