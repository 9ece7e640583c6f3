import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { ApiPage } from '../../http/pages/api-page.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { IgnoreOtherQuery } from '../../http/request/declared-input.js';
import { describeOrigin } from '../../rendering/device.js';
import { Message } from '../../http/openapi/message.js';
import { Pages, wantsJson, wantsPage } from '../../http/pages/pages.js';
import { OneTimeTokenDto, TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { RestorationService } from './restoration.service.js';

@ApiTags('Auth')
@Controller('auth/restore-account')
export class RestorationController {
  constructor(
    private readonly restoration: RestorationService,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Allow('ANONYMOUS')
  @IgnoreOtherQuery('token')
  @ApiOperation({
    operationId: 'getRestorationLink',
    summary: 'The page behind the link that brings a deleted account back',
    description:
      'Shows one button and uses nothing: mail scanners follow links too. With `Accept: application/json`, says whether the link is still good.',
  })
  @ApiPage()
  @ApiOkResponse({ type: TokenStateResponse })
  @ApiProblems('validation-failed', 'token-expired-or-used')
  async show(
    @Query() { token }: OneTimeTokenDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenStateResponse | string> {
    const link = await this.restoration.look(token);
    if (wantsJson(request)) return { valid: true, expiresAt: link.expiresAt.toISOString() };
    return this.pages.render(
      reply,
      'restore-account',
      {
        token,
        email: link.email,
        deletedAt: link.deletedAt,
        requestedAt: link.requestedAt,
        requestedFrom: describeOrigin(link.requestedUserAgent, link.requestedIp),
      },
      link.locale,
    );
  }

  @Post()
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @Limit('link-use')
  @ApiOperation({
    operationId: 'restoreAccount',
    summary: 'Bring a deleted account back',
    description:
      'For somebody who deleted their account themselves, until it is erased. It is as it was, and signed in nowhere. Works once. A form gets a page.',
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiPage()
  @ApiOkResponse({ type: Message })
  @ApiProblems('validation-failed', 'token-expired-or-used', 'refused-by-handler')
  async restore(
    @Body() { token }: OneTimeTokenDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Message | string> {
    const { locale } = await this.restoration.restore(token, context);
    if (!wantsPage(request)) return { message: 'The account is restored. You can sign in now.' };
    return this.pages.render(reply, 'account-restored', { signInUrl: null }, locale);
  }
}
