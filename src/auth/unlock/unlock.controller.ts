import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { Message } from '../../http/openapi/message.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { ApiUserAnswer, ApiUserChange, IfMatch, UserId } from '../../users/api/user-id.js';
import type { UserResponse } from '../../users/api/user.response.js';
import { DeviceCookies } from '../lockout/device-cookies.js';
import { DeviceTokens } from '../lockout/device-tokens.js';
import { LinkPages, requestOf, tokenState } from '../one-time-tokens/link-pages.js';
import { ShowsLink, UsesLink } from '../one-time-tokens/link-routes.js';
import { OneTimeTokenDto, type TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { UnlockService } from './unlock.service.js';

class Unlocked extends Message {
  @ApiProperty({
    description: 'send it with the next sign-in: failed sign-ins elsewhere then do not lock out this device',
    example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.t4k2fb.8f14e45fceea167a.ZXhhbXBsZS1kZXZpY2UtdG9rZW4tc2lnbmF0dXJl',
  })
  readonly deviceToken: string;
}

@Controller()
export class UnlockController {
  private readonly link;

  constructor(
    pages: LinkPages,
    private readonly unlocking: UnlockService,
    private readonly devices: DeviceTokens,
    private readonly cookies: DeviceCookies,
  ) {
    this.link = pages.of({
      find: (token) => unlocking.findLink(token),
      state: tokenState,
      page: 'unlock',
      values: (link) => {
        const { requestedAt: lockedAt, requestedFrom: triedFrom } = requestOf(link);
        return { lockedAt, triedFrom };
      },
    });
  }

  @Get('auth/unlock')
  @Limit('link-use')
  @ApiTags('Auth')
  @ShowsLink({ operationId: 'getUnlockLink', summary: 'Show an unlock link' })
  show(@Query() { token }: OneTimeTokenDto, @Reply() reply: FastifyReply): Promise<TokenStateResponse | string> {
    return this.link.show(reply, token);
  }

  @Post('auth/unlock')
  @Limit('link-use')
  @ApiTags('Auth')
  @UsesLink({
    operationId: 'unlock',
    summary: 'Unlock an account with a mailed link',
    description: 'Works once. This browser becomes a known device of the account. A form gets a page.',
    answer: Unlocked,
  })
  unlock(@Body() { token }: OneTimeTokenDto, @Reply() reply: FastifyReply): Promise<Unlocked | string> {
    return this.link.use(reply, token, (context) => this.unlockAndRemember(reply, token, context), {
      json: ({ deviceToken }) => ({ message: 'The account is open again. You can sign in now.', deviceToken }),
      page: 'unlocked',
      values: () => ({}),
    });
  }

  private async unlockAndRemember(
    reply: FastifyReply,
    token: string,
    context: RequestContext,
  ): Promise<{ readonly locale: string | null; readonly deviceToken: string }> {
    const { userId, locale } = await this.unlocking.byLink(token, context);
    const deviceToken = this.devices.issue(userId);
    this.cookies.remember(reply.request, reply, userId, deviceToken);
    return { locale, deviceToken };
  }

  @Post('users/:id/unlock')
  @HttpCode(200)
  @Allow('MANAGER')
  @ApiTags('Users')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'unlockUser',
    summary: 'End a lockout',
    description: 'Ends a lockout after failed sign-ins; a suspension is not lifted.',
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
