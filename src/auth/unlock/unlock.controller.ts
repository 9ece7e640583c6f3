import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { ApiPage } from '../../http/pages/api-page.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { describeOrigin } from '../../rendering/device.js';
import { IgnoreOtherQuery } from '../../http/request/declared-input.js';
import { Message } from '../../http/openapi/message.js';
import { Pages, wantsJson, wantsPage } from '../../http/pages/pages.js';
import { ApiUserAnswer, ApiUserChange, IfMatch, UserId } from '../../users/api/user-id.js';
import type { UserResponse } from '../../users/api/user.response.js';
import { OneTimeTokenDto, TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { DeviceCookies } from '../lockout/device-cookies.js';
import { DeviceTokens } from '../lockout/device-tokens.js';
import { UnlockService } from './unlock.service.js';

class Unlocked extends Message {
  @ApiProperty({
    description: 'send it with the next sign-in: failures of others do not lock this device out',
    example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.t4k2fb.8f14e45fceea167a.ZXhhbXBsZS1kZXZpY2UtdG9rZW4tc2lnbmF0dXJl',
  })
  readonly deviceToken: string;
}

@Controller()
export class UnlockController {
  constructor(
    private readonly unlocking: UnlockService,
    private readonly devices: DeviceTokens,
    private readonly cookies: DeviceCookies,
    private readonly pages: Pages,
  ) {}

  @Get('auth/unlock')
  @Allow('ANONYMOUS')
  @IgnoreOtherQuery('token')
  @Limit('link-use')
  @ApiTags('Auth')
  @ApiOperation({
    operationId: 'getUnlockLink',
    summary: 'The page behind the link that ends a lock',
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
    const link = await this.unlocking.look(token);
    if (wantsJson(request)) return { valid: true, expiresAt: link.expiresAt.toISOString() };
    return this.pages.render(
      reply,
      'unlock',
      {
        token,
        lockedAt: link.requestedAt,
        triedFrom: describeOrigin(link.requestedUserAgent, link.requestedIp),
      },
      link.locale,
    );
  }

  @Post('auth/unlock')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @Limit('link-use')
  @ApiTags('Auth')
  @ApiOperation({
    operationId: 'unlock',
    summary: 'End a lock by the mailed link',
    description: 'Works once, and makes this browser one that the account knows. A form gets a page.',
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiPage()
  @ApiOkResponse({ type: Unlocked })
  @ApiProblems('validation-failed', 'token-expired-or-used')
  async unlock(
    @Body() { token }: OneTimeTokenDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Unlocked | string> {
    const { userId, locale } = await this.unlocking.byLink(token, context);
    const deviceToken = this.devices.issue(userId);
    this.cookies.remember(request, reply, userId, deviceToken);
    if (!wantsPage(request)) return { message: 'The account is open again. You can sign in now.', deviceToken };
    return this.pages.render(reply, 'unlocked', {}, locale);
  }

  @Post('users/:id/unlock')
  @HttpCode(200)
  @Allow('MANAGER')
  @ApiTags('Users')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'unlockUser',
    summary: 'End a lock that failed sign-ins have caused',
    description: 'A suspension stays.',
  })
  @ApiUserAnswer()
  @ApiProblems('not-found', 'precondition-failed')
  async unlockUser(
    @UserId() id: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<UserResponse> {
    return this.unlocking.byStaff({ id, caller, context, ifMatch });
  }
}
