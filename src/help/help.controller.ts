import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../access/allow.decorator.js';
import { type Caller, CurrentCaller } from '../access/caller.js';
import { Clock } from '../config/clock.js';
import { Reply } from '../http/request/reply.decorator.js';
import { ApiProblems } from '../problems/api-problems.js';
import { UserResponse } from '../users/api/user.response.js';
import { ApiReaderLanguage } from './api-reader-language.js';
import { helpfulLinks } from './helpful-links.js';
import { HelpAnswer, HelpQuery } from './help.dto.js';
import { HelpService } from './help.service.js';
import { inWords } from './sentences.js';

@ApiTags('Operations')
@Controller('help')
export class HelpController {
  constructor(
    private readonly help: HelpService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Allow('MANAGER')
  @ApiOperation({
    operationId: 'getHelp',
    summary: 'Find out why somebody cannot sign in, or got no mail',
    description:
      'Looks up whatever was pasted, and says in words what is known about it, with the reasons first. It shows no more than the ' +
      'routes about one user do: sign-ins, mails and history of a MANAGER or an ADMIN are for an ADMIN, and so are deleted users.',
  })
  @ApiReaderLanguage()
  @ApiOkResponse({ type: HelpAnswer })
  @ApiProblems('validation-failed')
  async about(
    @Query() { about, timeZone }: HelpQuery,
    @CurrentCaller() caller: Caller,
    @Req() { headers }: FastifyRequest,
    @Reply() reply: FastifyReply,
  ): Promise<HelpAnswer> {
    const { found, viewer } = await this.help.find(about, caller);
    const { locale, facts } = inWords(found.facts, headers['accept-language'], timeZone);
    void reply.header('content-language', locale).header('vary', 'Accept-Language');
    const user = found.user && UserResponse.from(found.user, this.clock.now(), viewer.rank);
    const links = found.user && user ? helpfulLinks(found.facts, found.user, user, viewer) : {};
    return {
      kind: found.kind,
      ...(user && { user }),
      facts,
      actions: Object.keys(links),
      mails: found.mails,
      _links: links,
    };
  }
}
