import { Body, Controller, Delete, HttpCode, Post, Put } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import {
  changeProfessionalStatus,
  changeRole,
  changeUsername,
  reinstate,
  remove,
  restore,
  suspend,
} from '../aggregate/decide.js';
import { UserActions } from './user-actions.js';
import { ChangeProfessionalStatusDto, ChangeRoleDto, ChangeUsernameDto, SuspendDto } from './user-actions.dto.js';
import { ApiUserAnswer, ApiUserChange, IfMatch, UserId } from './user-id.js';
import { UserResponse } from './user.response.js';

const COMMON = ['not-found', 'precondition-failed', 'refused-by-handler'] as const;

/** Actions on a user other than profile changes, each with a route of its own. */
@ApiTags('Users')
@Controller('users/:id')
export class UserActionsController {
  constructor(private readonly actions: UserActions) {}

  @Put('username')
  @Allow('AUTHENTICATED')
  @RequireStepUp()
  @ApiUserChange()
  @ApiOperation({
    operationId: 'changeUsername',
    summary: 'Change a username',
    description: 'Your own, or any user’s as an ADMIN.',
  })
  @ApiUserAnswer()
  @ApiProblems('validation-failed', 'username-unchanged', 'username-taken', 'forbidden', ...COMMON)
  async changeUsername(
    @UserId() id: string,
    @Body() { newUsername }: ChangeUsernameDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<UserResponse> {
    return this.actions.change({ id, action: 'username', caller, context, ifMatch }, (state) =>
      changeUsername(state, newUsername),
    );
  }

  @Put('role')
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiUserChange()
  @ApiOperation({
    operationId: 'changeUserRole',
    summary: 'Change a role',
    description:
      'Takes effect immediately, in open sessions too. The user is notified by mail. The last admin who can sign in cannot be demoted.',
  })
  @ApiUserAnswer()
  @ApiProblems('validation-failed', 'last-admin', ...COMMON)
  async changeRole(
    @UserId() id: string,
    @Body() { role }: ChangeRoleDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<UserResponse> {
    return this.actions.change({ id, action: 'role', caller, context, ifMatch }, (state, others) =>
      changeRole(state, role, others),
    );
  }

  @Put('professional-status')
  @Allow('MANAGER', 'users:write')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'changeProfessionalStatus',
    summary: 'Change the professional status',
    description: 'Records the time of the change. The user is notified by mail.',
  })
  @ApiUserAnswer()
  @ApiProblems('validation-failed', ...COMMON)
  async changeProfessionalStatus(
    @UserId() id: string,
    @Body() { isProfessional }: ChangeProfessionalStatusDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<UserResponse> {
    return this.actions.change({ id, action: 'professionalStatus', caller, context, ifMatch }, (state) =>
      changeProfessionalStatus(state, isProfessional),
    );
  }

  @Post('suspend')
  @HttpCode(200)
  @Allow('MANAGER', 'users:write')
  @ApiUserChange()
  @ApiBody({ type: SuspendDto, required: false })
  @ApiOperation({
    operationId: 'suspendUser',
    summary: 'Suspend a user',
    description: 'Ends all sessions immediately; the user cannot sign in until reinstated.',
  })
  @ApiUserAnswer()
  @ApiProblems('validation-failed', 'last-admin', ...COMMON)
  async suspend(
    @UserId() id: string,
    @Body() { reason }: SuspendDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<UserResponse> {
    return this.actions.change({ id, action: 'suspend', caller, context, ifMatch }, (state, others) =>
      suspend(state, reason ?? null, others),
    );
  }

  @Post('reinstate')
  @HttpCode(200)
  @Allow('MANAGER', 'users:write')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'reinstateUser',
    summary: 'Reinstate a suspended user',
    description: 'Sessions that the suspension ended stay ended. The user is notified by mail.',
  })
  @ApiUserAnswer()
  @ApiProblems(...COMMON)
  async reinstate(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<UserResponse> {
    return this.actions.change({ id, action: 'reinstate', caller, context, ifMatch }, reinstate);
  }

  @Delete()
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @RequireStepUp()
  @ApiUserChange()
  @ApiOperation({
    operationId: 'deleteUser',
    summary: 'Delete a user',
    description:
      'Hides the user and ends all sessions immediately. The email address and username stay reserved, and an ADMIN can restore the user.',
  })
  @ApiNoContentResponse()
  @ApiProblems('forbidden', 'last-admin', ...COMMON)
  async remove(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.actions.change({ id, action: 'delete', caller, context, ifMatch }, remove);
  }

  @Post('restore')
  @HttpCode(200)
  @Allow('ADMIN', 'users:write')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'restoreUser',
    summary: 'Restore a deleted user',
    description:
      'Possible until the user is erased, DELETED_RETENTION after the deletion. Sessions stay ended. The user is notified by mail.',
  })
  @ApiUserAnswer()
  @ApiProblems(...COMMON)
  async restore(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<UserResponse> {
    return this.actions.change({ id, action: 'restore', caller, context, ifMatch }, restore);
  }
}
