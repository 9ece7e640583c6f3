import { Body, Controller, HttpCode, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiUserChange, IfMatch, UserId } from '../../users/api/user-id.js';
import { ChangePasswordDto } from './password-change.dto.js';
import { PasswordChangeService } from './password-change.service.js';

@ApiTags('Users')
@Controller('users/:id')
export class PasswordChangeController {
  constructor(private readonly changes: PasswordChangeService) {}

  @Put('password')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'changePassword',
    summary: 'Change your password',
    description:
      'Ends your other sessions and all links mailed before; this session continues. You are notified by mail.',
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
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.changes.change({ id, caller, context, ifMatch }, input);
  }
}
