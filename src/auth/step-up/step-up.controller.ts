import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { levelOf } from '../sessions/assurance.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { StepUpDto, SteppedUpResponse } from './step-up.dto.js';
import { type StepUpProof, StepUpService } from './step-up.service.js';

@ApiTags('Auth')
@Controller('auth')
export class StepUpController {
  constructor(
    private readonly stepUps: StepUpService,
    private readonly cookies: SessionCookies,
  ) {}

  @Post('step-up')
  @HttpCode(200)
  @Allow('AUTHENTICATED')
  @ApiOperation({
    operationId: 'stepUp',
    summary: 'Prove again who you are',
    description: `For operations that answer 401 \`step-up-required\`: with your password, or with a second factor if you have one. Returns
new tokens for this session, or replaces its cookie; the old cookie stops working. A user with neither signs in again by a mailed link instead.`,
  })
  @ApiOkResponse({ type: SteppedUpResponse })
  @ApiProblems('validation-failed', 'step-up-required', 'step-up-failed', 'too-many-requests', 'busy')
  async stepUp(
    @Body() proof: StepUpDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<SteppedUpResponse> {
    const browser = this.cookies.ofBrowser(reply.request, reply);
    const { tokens, amr, authenticatedAt } = await this.stepUps.stepUp(
      { caller, context, browser },
      proof as StepUpProof,
    );
    return { ...tokens, acr: levelOf(amr), amr, authTime: authenticatedAt.toISOString() };
  }
}
