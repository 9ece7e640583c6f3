import { Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { validate as isUuid } from 'uuid';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Transactions } from '../../database/transaction.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { SessionCookies } from './session-cookies.js';
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
    private readonly cookies: SessionCookies,
  ) {}

  @Post('logout')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiOperation({ operationId: 'logout', summary: 'Sign out', description: 'Ends this session at once.' })
  @ApiNoContentResponse()
  async logout(
    @CurrentCaller() { userId, sessionId }: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<void> {
    await this.transactions.run((tx) => this.sessions.end(tx, userId, sessionId, 'signed-out', context));
    this.cookies.clear(reply.request, reply, sessionId);
  }

  @Get('sessions')
  @Allow('AUTHENTICATED')
  @ApiOperation({
    operationId: 'listSessions',
    summary: 'List your sessions',
    description:
      'A session is one sign-in on one device. Shows the browser and IP address that used it last, and which session is the current one.',
  })
  @ApiOkResponse({ type: SessionList })
  async list(@CurrentCaller() { userId, sessionId }: Caller): Promise<SessionList> {
    const sessions = await this.transactions.run((tx) => this.sessions.list(tx, userId));
    const viewer = { currentId: sessionId, mayEnd: true, list: '/auth/sessions' };
    return { items: sessions.map((session) => SessionResponse.from(session, viewer)) };
  }

  @Delete('sessions/:sessionId')
  @HttpCode(204)
  @Allow('AUTHENTICATED')
  @ApiOperation({
    operationId: 'endSession',
    summary: 'End a session',
    description: 'Any of your own, including the current one. Its tokens stop working immediately.',
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
    summary: 'End all other sessions',
    description: 'Ends all of your sessions except the current one.',
  })
  @ApiNoContentResponse()
  async endOthers(@CurrentCaller() { userId, sessionId }: Caller, @Context() context: RequestContext): Promise<void> {
    await this.transactions.run((tx) => this.sessions.endAll(tx, userId, 'signed-out-everywhere', sessionId, context));
  }
}
