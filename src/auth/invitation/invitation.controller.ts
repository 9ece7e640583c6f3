import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Context, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ApiPage } from '../../http/pages/api-page.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { IgnoreOtherQuery } from '../../http/request/declared-input.js';
import { Message } from '../../http/openapi/message.js';
import { Pages, wantsJson, wantsPage } from '../../http/pages/pages.js';
import { refusalOf, WeakPassword } from '../passwords/password-rules.js';
import { OneTimeTokenDto, TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { AcceptInvitationDto } from './invitation.dto.js';
import { InvitationService } from './invitation.service.js';

@ApiTags('Auth')
@Controller('auth/accept-invitation')
export class InvitationController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly invitation: InvitationService,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Allow('ANONYMOUS')
  @IgnoreOtherQuery('token')
  @ApiOperation({
    operationId: 'getInvitationLink',
    summary: 'The page behind an invitation',
    description: 'Asks for a password. With `Accept: application/json`, says whether the link is still good.',
  })
  @ApiPage()
  @ApiOkResponse({ type: TokenStateResponse })
  @ApiProblems('validation-failed', 'token-expired-or-used')
  async show(
    @Query() { token }: OneTimeTokenDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenStateResponse | string> {
    if (!wantsJson(request)) return this.form(reply, token);
    const { expiresAt } = await this.invitation.look(token);
    return { valid: true, expiresAt: expiresAt.toISOString() };
  }

  @Post()
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @Limit('link-use')
  @ApiOperation({
    operationId: 'acceptInvitation',
    summary: 'Accept an invitation',
    description: 'Sets the password and confirms the address. Works once; a refused password leaves the link good.',
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiPage()
  @ApiOkResponse({ type: Message })
  @ApiProblems('validation-failed', 'weak-password', 'token-expired-or-used', 'refused-by-handler', 'busy')
  async accept(
    @Body() { token, newPassword }: AcceptInvitationDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Message | string> {
    try {
      const { locale } = await this.invitation.accept(token, newPassword, context);
      if (!wantsPage(request)) return { message: 'The password is set. You can sign in now.' };
      return this.pages.render(reply, 'invitation-accepted', { signInUrl: null }, locale);
    } catch (error) {
      if (!(error instanceof WeakPassword) || !wantsPage(request)) throw error;
      // Back to the form, which says what was wrong.
      void reply.code(400);
      return this.form(reply, token, error);
    }
  }

  private async form(reply: FastifyReply, token: string, refused?: WeakPassword): Promise<string> {
    const { email, locale } = await this.invitation.look(token);
    const minLength = this.settings.PASSWORD_MIN_LENGTH;
    return this.pages.render(reply, 'accept-invitation', { token, email, minLength, ...refusalOf(refused) }, locale);
  }
}
