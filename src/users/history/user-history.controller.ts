import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, CurrentCaller } from '../../access/caller.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { pageAnswer } from '../../http/pagination/page-links.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { UserHistory } from './user-history.js';
import { DiffQuery, HistoryPage, HistoryQuery, UserDiff } from './user-history.dto.js';
import { ApiUserId, UserId } from '../api/user-id.js';

const WHOSE = 'Your own, those of an AUTHENTICATED user as a MANAGER, or any user’s as an ADMIN.';

/** The history of a user. */
@ApiTags('Users')
@Controller('users/:id')
export class UserHistoryController {
  constructor(private readonly history: UserHistory) {}

  @Get('history')
  @Allow('AUTHENTICATED', 'users:read')
  @ApiUserId()
  @ApiOperation({
    operationId: 'listUserHistory',
    summary: 'List the events of a user, newest first',
    description: WHOSE,
  })
  @ApiOkResponse({ type: HistoryPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed', 'forbidden', 'not-found')
  async page(
    @UserId() id: string,
    @Query() query: HistoryQuery,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<HistoryPage> {
    const includeDeleted = query.includeDeleted === 'true';
    return pageAnswer(reply, query.limit, await this.history.page({ id, caller, includeDeleted }, query));
  }

  @Get('diff')
  @Allow('AUTHENTICATED', 'users:read')
  @ApiUserId()
  @ApiOperation({
    operationId: 'diffUser',
    summary: 'Compare a user between two versions or times',
    description: WHOSE,
  })
  @ApiOkResponse({ type: UserDiff })
  @ApiProblems('validation-failed', 'forbidden', 'not-found')
  async diff(
    @UserId() id: string,
    @Query() { includeDeleted, ...between }: DiffQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<UserDiff> {
    return this.history.diff({ id, caller, includeDeleted: includeDeleted === 'true' }, between);
  }
}
