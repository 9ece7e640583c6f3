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
    summary: 'List the sessions of a user',
    description:
      'Your own, those of an AUTHENTICATED user as a MANAGER, or any user’s as an ADMIN. A session is one sign-in on one device.',
  })
  @ApiOkResponse({ type: SessionList })
  @ApiProblems('forbidden', 'not-found')
  async list(@UserId() id: string, @CurrentCaller() caller: Caller): Promise<SessionList> {
    const { sessions, mayEnd } = await this.sessions.list({ id, caller });
    const viewer = { currentId: caller.sessionId, mayEnd, list: `/users/${id}/sessions` };
    return { items: sessions.map((session) => SessionResponse.from(session, viewer)) };
  }

  @Delete()
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'endUserSessions',
    summary: 'End all sessions of a user',
    description:
      'Ends every session immediately, including your own if the user is you. Passwords and known devices are kept. Same permissions as for the list.',
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
    summary: 'End a session of a user',
    description: 'Its tokens stop working immediately. Same permissions as for the list.',
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
