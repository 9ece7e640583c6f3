import { Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, CurrentCaller } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { PasskeyRequestOptions } from './passkey.dto.js';
import { PasskeyProofs } from './passkey-proofs.js';

@ApiTags('Auth')
@Controller('auth/step-up')
export class PasskeyProofsController {
  constructor(private readonly proofs: PasskeyProofs) {}

  @Post('passkey-options')
  @HttpCode(200)
  @Allow('AUTHENTICATED')
  @Limit('passkey-options')
  @ApiOperation({
    operationId: 'getStepUpPasskeyOptions',
    summary: 'Begin to prove again who you are, with a passkey',
    description:
      'Returns the options for `navigator.credentials.get()`, for `POST /auth/step-up`. Their challenge is valid for five minutes, in this session, for one use.',
  })
  @ApiOkResponse({ type: PasskeyRequestOptions })
  @ApiProblems('not-found')
  options(@CurrentCaller() caller: Caller): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.proofs.forStepUp(caller);
  }
}
