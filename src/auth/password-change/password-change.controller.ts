import { Body, Controller, HttpCode, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiUserChange, IfMatch, UserId } from '../../users/api/user-id.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { ChangePasswordDto } from './password-change.dto.js';
import { PasswordChangeService } from './password-change.service.js';

@ApiTags('Users')
@Controller('users/:id')
export class PasswordChangeController {
  constructor(
    private readonly changes: PasswordChangeService,
    private readonly cookies: SessionCookies,
  ) {}

  @Put('password')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @RequireStepUp({ passwordInBody: true })
  @ApiUserChange()
  @ApiOperation({
    operationId: 'changePassword',
    summary: 'Change your password',
    description:
      'Ends your other sessions and all links mailed before; this session continues, by cookie with a new value. You are notified by mail.',
  })
  @ApiNoContentResponse()
  @ApiProblems(
    'validation-failed',
    'weak-password',
    'forbidden',
    'wrong-current-password',
    'not-found',
    'precondition-failed',
    'refused-by-handler',
    'too-many-requests',
    'busy',
  )
  async change(
    @UserId() id: string,
    @Body() input: ChangePasswordDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    const browser = this.cookies.ofBrowser(reply.request, reply);
    await this.changes.change({ id, caller, context, ifMatch }, input, browser);
  }
}
