import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { apiHeaders } from '../../http/openapi/api-answers.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { pageAnswer } from '../../http/pagination/page-links.js';
import { AuditPage, AuditQuery } from './audit.dto.js';
import { AuditTrail } from './audit-trail.js';

@ApiTags('Events')
@Controller('audit')
export class AuditController {
  constructor(private readonly trail: AuditTrail) {}

  @Get()
  @Allow('ADMIN')
  @ApiOperation({
    operationId: 'listAuditEvents',
    summary: 'Who signed in, was refused, exported, read the feed, changed webhooks or met a limit, the newest first',
    description:
      'Evidence of `AUTH_EVENT_RETENTION`. What changed a user is in that user’s history. What can be repeated at will is one item a minute, with a count.',
  })
  @ApiOkResponse({ type: AuditPage, headers: apiHeaders('Link') })
  @ApiProblems('validation-failed')
  async page(@Query() query: AuditQuery, @Res({ passthrough: true }) reply: FastifyReply): Promise<AuditPage> {
    return pageAnswer(reply, query.limit, await this.trail.page(query));
  }
}
