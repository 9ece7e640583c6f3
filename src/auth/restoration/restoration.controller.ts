import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Limit } from '../../access/limit.decorator.js';
import type { Message } from '../../http/openapi/message.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { LinkPages, requestOf, tokenState } from '../one-time-tokens/link-pages.js';
import { ShowsLink, UsesLink } from '../one-time-tokens/link-routes.js';
import { OneTimeTokenDto, type TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { RestorationService } from './restoration.service.js';

@ApiTags('Auth')
@Controller('auth/restore-account')
export class RestorationController {
  private readonly link;

  constructor(
    pages: LinkPages,
    private readonly restoration: RestorationService,
  ) {
    this.link = pages.of({
      find: (token) => restoration.findLink(token),
      state: (link) => tokenState(link, link.email),
      page: 'restore-account',
      values: (link) => ({ email: link.email, deletedAt: link.deletedAt, ...requestOf(link) }),
    });
  }

  @Get()
  @ShowsLink({
    operationId: 'getRestorationLink',
    summary: 'Show an account restoration link',
  })
  show(@Query() { token }: OneTimeTokenDto, @Reply() reply: FastifyReply): Promise<TokenStateResponse | string> {
    return this.link.show(reply, token);
  }

  @Post()
  @Limit('link-use')
  @UsesLink({
    operationId: 'restoreAccount',
    summary: 'Restore a deleted account',
    description:
      'For users who deleted their own account, until it is erased. The account is as before, without sessions. Works once. A form gets a page.',
    problems: ['refused-by-handler'],
  })
  restore(@Body() { token }: OneTimeTokenDto, @Reply() reply: FastifyReply): Promise<Message | string> {
    return this.link.use(reply, token, (context) => this.restoration.restore(token, context), {
      json: () => ({ message: 'The account is restored. You can sign in now.' }),
      page: 'account-restored',
      values: () => ({}),
    });
  }
}
