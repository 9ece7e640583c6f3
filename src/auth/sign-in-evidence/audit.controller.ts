import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { pageAnswer } from '../../http/pagination/page-links.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { AuditPage, AuditQuery } from './audit.dto.js';
import { AuditTrail } from './audit-trail.js';

@ApiTags('Events')
@Controller('audit')
export class AuditController {
  constructor(private readonly trail: AuditTrail) {}

  @Get()
  @Allow('ADMIN', 'events:read')
  @ApiOperation({
    operationId: 'listAuditEvents',
    summary: 'List audit events, newest first',
    description:
      'Sign-ins, denied access, exports, feed reads, webhook changes, events sent again and exceeded limits, kept for `AUTH_EVENT_RETENTION`. Changes of a user are in the user’s history. Repeatable events are counted as one item a minute.',
  })
  @ApiOkResponse({ type: AuditPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed')
  async page(@Query() query: AuditQuery, @Reply() reply: FastifyReply): Promise<AuditPage> {
    return pageAnswer(reply, query.limit, await this.trail.page(query));
  }
}
