import { Body, Controller, Get, HttpCode, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiConsumes, ApiOkResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Limit } from '../../access/limit.decorator.js';
import { NotAuthenticated } from '../../access/access-errors.js';
import { Authentication } from '../../access/authentication.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ApiPage } from '../../http/pages/api-page.js';
import { ApiProblems } from '../../problems/api-problems.js';
import { IgnoreOtherQuery } from '../../http/request/declared-input.js';
import { describeOrigin } from '../../rendering/device.js';
import type { DomainError } from '../../problems/domain-error.js';
import { Message } from '../../http/openapi/message.js';
import { Pages, wantsJson, wantsPage } from '../../http/pages/pages.js';
import { accountName, maskedAddress } from '../../users/aggregate/account-name.js';
import { ApiUserChange, IfMatch, UserId } from '../../users/api/user-id.js';
import { OneTimeTokenDto, ProofLinkStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { NewPasswordRequired } from '../one-time-tokens/new-password-required.js';
import { WrongCurrentPassword } from '../password-change/current-password.js';
import { refusalOf, WeakPassword } from '../passwords/password-rules.js';
import { EmailChangeLinks } from './email-change-links.js';
import { ChangeEmailDto, ConfirmEmailChangeDto } from './email-change.dto.js';
import { NotWhoAsked } from './email-change-proofs.js';
import { EmailChangeService } from './email-change.service.js';

@Controller()
export class EmailChangeController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly authentication: Authentication,
    private readonly links: EmailChangeLinks,
    private readonly changes: EmailChangeService,
    private readonly pages: Pages,
  ) {}

  @Put('users/:id/email')
  @HttpCode(202)
  @Allow('AUTHENTICATED')
  @Limit('contact-mail')
  @ApiTags('Users')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'changeEmail',
    summary: 'Ask for another email address',
    description:
      'Your own, with your current password, or anybody’s as an ADMIN. Nothing changes until the link that is mailed to the new address is opened; the old address is told at once. The answer is the same whether or not the address is taken. At most one mail a minute, unless another address was asked for meanwhile.',
  })
  @ApiAcceptedResponse({ type: Message })
  @ApiProblems(
    'validation-failed',
    'email-unchanged',
    'forbidden',
    'wrong-current-password',
    'not-found',
    'precondition-failed',
    'refused-by-handler',
    'busy',
  )
  async request(
    @UserId() id: string,
    @Body() input: ChangeEmailDto,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @IfMatch() ifMatch?: string,
  ): Promise<Message> {
    await this.links.request({ id, caller, context, ifMatch }, input);
    return { message: 'A mail is on its way to the new address. The change counts once the link in it is opened.' };
  }

  @Get('auth/confirm-email-change')
  @Allow('ANONYMOUS')
  @IgnoreOtherQuery('token')
  @ApiTags('Auth')
  @ApiOperation({
    operationId: 'getEmailChangeLink',
    summary: 'The page behind the link that proves a new address',
    description:
      'Shows one button and uses nothing: mail scanners follow links too. With `Accept: application/json`, says whether the link is still good.',
  })
  @ApiPage()
  @ApiOkResponse({ type: ProofLinkStateResponse })
  @ApiProblems('validation-failed', 'token-expired-or-used')
  async show(
    @Query() { token }: OneTimeTokenDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProofLinkStateResponse | string> {
    if (!wantsJson(request)) return this.form(reply, token);
    const { expiresAt, newPasswordRequired } = await this.changes.look(token);
    return { valid: true, expiresAt: expiresAt.toISOString(), newPasswordRequired };
  }

  @Post('auth/confirm-email-change')
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @Limit('link-use')
  @ApiTags('Auth')
  @ApiOperation({
    operationId: 'confirmEmailChange',
    summary: 'Prove a new address',
    description:
      'Only for the account that asked: with its access token or its current password; where an ADMIN asked, a new password does as well. An account that never had a confirmed address needs a new password besides, for whoever made it may know the one of now. Works once. Ends every other link that was mailed before, and every session but the one that asked for the change; with a new password, that one too. A form gets a page.',
  })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  // By a token of the account, or by what the body proves it with.
  @ApiSecurity({ bearer: [] })
  @ApiSecurity({})
  @ApiPage()
  @ApiOkResponse({ type: Message })
  @ApiProblems(
    'validation-failed',
    'weak-password',
    'not-authenticated',
    'wrong-current-password',
    'new-password-required',
    'token-expired-or-used',
    'already-confirmed',
    'refused-by-handler',
    'busy',
  )
  async confirm(
    @Body() { token, currentPassword = null, newPassword = null }: ConfirmEmailChangeDto,
    @Context() context: RequestContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Message | string> {
    try {
      const caller = await this.callerOf(request);
      const { locale } = await this.changes.confirm(token, { caller, currentPassword, newPassword }, context);
      if (!wantsPage(request)) return { message: 'The new address is confirmed, and is the one of the account now.' };
      return this.pages.render(reply, 'email-changed', {}, locale);
    } catch (error) {
      if (!wantsPage(request)) throw error;
      // Back to the form, which says what was wrong.
      if (error instanceof WeakPassword) return this.form(reply.code(400), token, error);
      if (error instanceof WrongCurrentPassword || error instanceof NotWhoAsked) {
        return this.form(reply.code(403), token, error);
      }
      if (error instanceof NewPasswordRequired) return this.form(reply.code(409), token);
      throw error;
    }
  }

  /** The route is anybody's; who sends a token means it. @throws NotAuthenticated for one that is not good any more */
  private async callerOf(request: FastifyRequest): Promise<Caller | undefined> {
    if (request.headers.authorization === undefined) return undefined;
    const caller = await this.authentication.callerOf(request);
    if (!caller) throw new NotAuthenticated();
    return caller;
  }

  private async form(reply: FastifyReply, token: string, refused?: DomainError): Promise<string> {
    const link = await this.changes.look(token);
    const values = {
      token,
      newEmail: link.newEmail,
      email: link.newEmail,
      accountName: accountName(link.user) ?? (link.user.email && maskedAddress(link.user.email)),
      requestedAt: link.requestedAt,
      // Where an admin works is nobody else's business.
      requestedFrom: link.isAskedByAdmin ? null : describeOrigin(link.requestedUserAgent, link.requestedIp),
      newPasswordRequired: link.newPasswordRequired,
      currentPasswordRequired: !link.isAskedByAdmin,
      minLength: this.settings.PASSWORD_MIN_LENGTH,
      wrongPassword: refused instanceof WrongCurrentPassword,
      ...refusalOf(refused instanceof WeakPassword ? refused : undefined),
    };
    return this.pages.render(reply, 'confirm-email-change', values, link.locale);
  }
}
