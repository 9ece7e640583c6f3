import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Clock } from '../../config/clock.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { UserActions } from '../api/user-actions.js';
import { ApiUserChange, ApiUserId, IfMatch, UserId } from '../api/user-id.js';

/** All data stored about a person. */
export class PersonalDataExport {
  @ApiProperty({ format: 'date-time' }) readonly exportedAt: string;

  @ApiProperty({
    description: 'the stored data by category: profile, events, sessions, mails, ...',
    type: 'object',
    additionalProperties: {},
    example: { profile: { email: 'ada@example.com' }, sessions: [] },
  })
  readonly data: Readonly<Record<string, unknown>>;
}

/** The rights of the data subject (GDPR, articles 15, 17 and 20). */
@ApiTags('Users')
@Controller('users/:id')
export class PersonalDataController {
  constructor(
    private readonly actions: UserActions,
    private readonly clock: Clock,
  ) {}

  @Get('export')
  @Allow('AUTHENTICATED')
  @RequireStepUp()
  @ApiUserId()
  @ApiOperation({
    operationId: 'exportUser',
    summary: 'Export all data about a user',
    description:
      'Your own, or any user’s as an ADMIN. Contains no passwords, tokens or hashes. The reason of a suspension is included for an ADMIN only.',
  })
  @ApiOkResponse({ type: PersonalDataExport })
  @ApiProblems('forbidden', 'not-found')
  async export(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<PersonalDataExport> {
    const data = await this.actions.export(id, caller);
    void reply.header('content-disposition', `attachment; filename="user-${id}.json"`);
    return { exportedAt: this.clock.now().toISOString(), data };
  }

  @Post('erase')
  @HttpCode(204)
  @Allow('ADMIN')
  @RequireStepUp()
  @ApiUserChange()
  @ApiOperation({
    operationId: 'eraseUser',
    summary: 'Permanently erase a user',
    description:
      'Destroys all personal data, in the event log too: the history still shows what happened, by whom and when, but no personal data. The email address and username become available again. Cannot be undone.',
  })
  @ApiNoContentResponse()
  @ApiProblems('last-admin', 'not-found', 'precondition-failed', 'refused-by-handler')
  async erase(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    await this.actions.erase({ id, caller, context, ifMatch });
  }
}
