import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiUserChange, ApiUserId, IfMatch, UserId } from '../../users/api/user-id.js';
import { SessionList, SessionResponse } from './session.response.js';
import { UserSessions } from './user-sessions.js';

/** The sessions of a user, for callers who may see and end them. */
@ApiTags('Users')
@Controller('users/:id/sessions')
export class UserSessionsController {
  constructor(private readonly sessions: UserSessions) {}

  @Get()
  @Allow('AUTHENTICATED')
  @ApiUserId()
  @ApiOperation({
    operationId: 'listUserSessions',
    summary: 'Where a user is signed in',
    description:
      'Your own sessions, those of a user without a role of rank as a MANAGER, or anybody’s as an ADMIN. Each is one sign-in on one device.',
  })
  @ApiOkResponse({ type: SessionList })
  @ApiProblems('forbidden', 'not-found')
  async list(@UserId() id: string, @CurrentCaller() caller: Caller): Promise<SessionList> {
    const sessions = await this.sessions.list({ id, caller });
    return { items: sessions.map((session) => SessionResponse.from(session, caller.sessionId)) };
  }

  @Delete()
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'endUserSessions',
    summary: 'Sign a user out everywhere',
    description:
      'Ends every session at once, including yours when the user is you. Passwords, and devices that are known, stay. For whom: as for the list.',
  })
  @ApiNoContentResponse()
  @ApiProblems('forbidden', 'not-found')
  async endAll(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.sessions.endAll({ id, caller, context, ifMatch });
  }

  @Delete(':sessionId')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiUserChange()
  @ApiParam({ name: 'sessionId', schema: { type: 'string', format: 'uuid' } })
  @ApiOperation({
    operationId: 'endUserSession',
    summary: 'Sign a user out on one device',
    description: 'Its tokens stop working at once. For whom: as for the list.',
  })
  @ApiNoContentResponse()
  @ApiProblems('forbidden', 'not-found')
  async end(
    @UserId() id: string,
    @Param('sessionId') sessionId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.sessions.end({ id, caller, context, ifMatch }, sessionId);
  }
}
