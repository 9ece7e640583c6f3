import { Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { validate as isUuid } from 'uuid';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Transactions } from '../../database/transaction.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { SessionNotFound } from './session-not-found.js';
import { SessionList, SessionResponse } from './session.response.js';
import { Sessions } from './sessions.js';

/** The devices on which the caller is signed in. */
@ApiTags('Auth')
@Controller('auth')
export class SessionsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly sessions: Sessions,
  ) {}

  @Post('logout')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiOperation({ operationId: 'logout', summary: 'Sign out', description: 'Ends this session at once.' })
  @ApiNoContentResponse()
  async logout(@CurrentCaller() { userId, sessionId }: Caller, @Context() context: RequestContext): Promise<void> {
    await this.transactions.run((tx) => this.sessions.end(tx, userId, sessionId, 'signed-out', context));
  }

  @Get('sessions')
  @Allow('AUTHENTICATED')
  @ApiOperation({
    operationId: 'listSessions',
    summary: 'Where you are signed in',
    description:
      'A session is one sign-in on one device. Says of each which browser and which address it was last used from, and which one is asking.',
  })
  @ApiOkResponse({ type: SessionList })
  async list(@CurrentCaller() { userId, sessionId }: Caller): Promise<SessionList> {
    const sessions = await this.transactions.run((tx) => this.sessions.list(tx, userId));
    return { items: sessions.map((session) => SessionResponse.from(session, sessionId)) };
  }

  @Delete('sessions/:sessionId')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiOperation({
    operationId: 'endSession',
    summary: 'Sign out on one device',
    description: 'One of your own, which may be the one that asks. Its tokens are good for nothing from then on.',
  })
  @ApiParam({ name: 'sessionId', schema: { type: 'string', format: 'uuid' } })
  @ApiNoContentResponse()
  @ApiProblems('not-found')
  async end(
    @Param('sessionId') sessionId: string,
    @CurrentCaller() { userId }: Caller,
    @Context() context: RequestContext,
  ): Promise<void> {
    const ended = await this.transactions.run(
      async (tx) =>
        isUuid(sessionId) && (await this.sessions.end(tx, userId, sessionId, 'signed-out-elsewhere', context)),
    );
    if (!ended) throw new SessionNotFound();
  }

  @Delete('sessions')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiOperation({
    operationId: 'endOtherSessions',
    summary: 'Sign out everywhere else',
    description: 'Ends each of your sessions but the one that asks.',
  })
  @ApiNoContentResponse()
  async endOthers(@CurrentCaller() { userId, sessionId }: Caller, @Context() context: RequestContext): Promise<void> {
    await this.transactions.run((tx) => this.sessions.endAll(tx, userId, 'signed-out-everywhere', sessionId, context));
  }
}
