import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { BulkActNotFound } from './bulk-errors.js';
import { BulkActDto, BulkActResponse } from './bulk.dto.js';
import { BulkService } from './bulk.service.js';

const DESCRIPTION = `Suspends, reinstates or changes the role of 1 to 500 users, one after the other, as the single acts do: with the
rights that you have when each one's turn comes, so what you may no longer do by then is refused. The rules of the single acts hold, that of
the last admin among them. A user who is suspended already is left as is, and counts as succeeded.

The answer comes at once; \`Location\` leads to the progress and the results, which are kept for seven days. An act goes on when a server is
restarted, and acts on nobody twice. It stops when your session ends. \`role\` needs an ADMIN, and a sign-in or \`POST /auth/step-up\` no
longer ago than STEP_UP_AGE, as \`PUT /users/{id}/role\` does.`;

// Not one of all properties: `role` and `reason` each belong to one action.
const EXAMPLE = { action: 'suspend', ids: ['019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071'], reason: 'Reported for spam.' };

/** Acts on many users as one job. */
@ApiTags('Users')
@Controller('bulk-acts')
export class BulkController {
  constructor(private readonly bulk: BulkService) {}

  @Post()
  @HttpCode(202)
  @Allow('MANAGER')
  @ApiOperation({ operationId: 'beginBulkAct', summary: 'Act on many users at once', description: DESCRIPTION })
  @ApiExtraModels(BulkActDto)
  @ApiBody({ schema: { $ref: getSchemaPath(BulkActDto), example: EXAMPLE } as object })
  @ApiAcceptedResponse({ type: BulkActResponse, headers: apiHeaders('Location') })
  @ApiProblems('validation-failed', 'forbidden', 'step-up-required')
  async begin(
    @Body() input: BulkActDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<BulkActResponse> {
    const act = await this.bulk.begin(input, caller, context);
    void reply.header('location', `/bulk-acts/${act.id}`);
    return act;
  }

  @Get(':actId')
  @Allow('MANAGER')
  @ApiParam({ name: 'actId', format: 'uuid', example: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' })
  @ApiOperation({
    operationId: 'getBulkAct',
    summary: 'Progress and results of a bulk act',
    description: 'Your own, or anybody’s as an ADMIN.',
  })
  @ApiOkResponse({ type: BulkActResponse })
  @ApiProblems('not-found')
  async read(
    @Param('actId', new ParseUUIDPipe({ exceptionFactory: () => new BulkActNotFound() })) actId: string,
    @CurrentCaller() caller: Caller,
  ): Promise<BulkActResponse> {
    return this.bulk.read(actId, caller);
  }
}
