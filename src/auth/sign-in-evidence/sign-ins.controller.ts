import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, CurrentCaller } from '../../access/caller.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { PageQuery } from '../../http/pagination/page.dto.js';
import { pageAnswer } from '../../http/pagination/page-links.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiUserId, UserId } from '../../users/api/user-id.js';
import { SignIns } from './sign-ins.js';
import { SignInsPage } from './sign-ins.dto.js';

@ApiTags('Users')
@Controller('users/:id/sign-ins')
export class SignInsController {
  constructor(private readonly signIns: SignIns) {}

  @Get()
  @Allow('AUTHENTICATED', 'events:read')
  @ApiUserId()
  @ApiOperation({
    operationId: 'listSignIns',
    summary: 'List sign-ins and failed sign-ins of a user, newest first',
    description: 'Your own, those of an AUTHENTICATED user as a MANAGER, or any user’s as an ADMIN.',
  })
  @ApiOkResponse({ type: SignInsPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed', 'forbidden', 'not-found')
  async page(
    @UserId() id: string,
    @Query() query: PageQuery,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<SignInsPage> {
    return pageAnswer(reply, query.limit, await this.signIns.page(id, caller, query));
  }
}
