import { Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiUserChange, IfMatch, UserId } from '../../users/api/user-id.js';
import { NewRecoveryCodes } from './new-recovery-codes.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { RecoveryCodesResponse } from './recovery-codes.dto.js';

@ApiTags('Users')
@Controller('users/:id/recovery-codes')
export class RecoveryCodesController {
  constructor(
    private readonly codes: NewRecoveryCodes,
    private readonly cookies: SessionCookies,
  ) {}

  @Post()
  @HttpCode(200)
  @Allow('AUTHENTICATED')
  @RequireStepUp()
  @ApiUserChange()
  @ApiOperation({
    operationId: 'replaceRecoveryCodes',
    summary: 'Make new recovery codes',
    description:
      'Ten codes that each stand in once for your second factor, shown only in this response. Earlier ones stop working. Only for yourself.',
  })
  @ApiOkResponse({ type: RecoveryCodesResponse })
  @ApiProblems('forbidden', 'not-found', 'no-second-factor', 'precondition-failed', 'refused-by-handler')
  async replace(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @IfMatch() ifMatch?: string,
  ): Promise<RecoveryCodesResponse> {
    return {
      recoveryCodes: await this.codes.replace({
        id,
        caller,
        context,
        ifMatch,
        browser: this.cookies.ofBrowser(reply.request, reply),
      }),
    };
  }
}
