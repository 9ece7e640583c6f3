import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { pageAnswer } from '../../http/pagination/page-links.js';
import { ApiUserId, UserId } from '../../users/api/user-id.js';
import { AllMails } from './all-mails.js';
import { AllMailsQuery, UserMailsPage } from './all-mails.dto.js';
import { MailResends } from './mail-resends.js';
import { Mails } from './mails.js';
import { PageQuery } from '../../http/pagination/page.dto.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { MailItem, MailsPage } from './mails.dto.js';

@ApiTags('Mails')
@Controller()
export class MailsController {
  constructor(
    private readonly mails: Mails,
    private readonly all: AllMails,
    private readonly resends: MailResends,
  ) {}

  @Get('users/:id/mails')
  @Allow('AUTHENTICATED')
  @ApiUserId()
  @ApiOperation({
    operationId: 'listMails',
    summary: 'List the mails of a user with their outcomes, by page, the newest first',
    description:
      'Your own, those of an AUTHENTICATED user as a MANAGER, or any user’s as an ADMIN. The answers of SMTP servers and who ' +
      'requested a repetition are for staff only. `queued`: waiting, and `reason` says ' +
      'why; `sent`: the SMTP server accepted it with `answer`; `failed`: there are no more attempts. What happens after the ' +
      'SMTP server, such as a full mailbox, is not known here.',
  })
  @ApiOkResponse({ type: MailsPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed', 'forbidden', 'not-found')
  async page(
    @UserId() id: string,
    @Query() query: PageQuery,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<MailsPage> {
    return pageAnswer(reply, query.limit, await this.mails.page(id, caller, query));
  }

  @Get('mails')
  @Allow('MANAGER')
  @ApiOperation({
    operationId: 'listAllMails',
    summary: 'List the mails of all users with their outcomes, by page, the newest first',
    description:
      'As a MANAGER, those of AUTHENTICATED users and your own; as an ADMIN, those of all users. The states are those of the mails of one user.',
  })
  @ApiOkResponse({ type: UserMailsPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed')
  async pageOfAll(
    @Query() query: AllMailsQuery,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<UserMailsPage> {
    return pageAnswer(reply, query.limit, await this.all.page(query, caller));
  }

  @Post('mails/:id/resend')
  @HttpCode(202)
  @Allow('MANAGER')
  @Limit('mail-resend')
  @ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } })
  @ApiOperation({
    operationId: 'resendMail',
    summary: 'Resend a mail',
    description:
      'To the same address, with a valid link. A queued mail is retried now; one that was sent or has failed is repeated as a new ' +
      'mail, which names the first one and the caller. The answer is the mail that will be sent.',
  })
  @ApiAcceptedResponse({ type: MailItem })
  @ApiProblems('forbidden', 'not-found', 'mail-not-needed')
  async resend(
    @Param('id') id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
  ): Promise<MailItem> {
    return this.resends.resend(id, caller, context);
  }
}
