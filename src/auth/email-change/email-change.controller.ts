import { Body, Controller, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../access/allow.decorator.js';
import { Limit } from '../../access/limit.decorator.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { NotAuthenticated } from '../../access/access-errors.js';
import { Authentication } from '../../access/authentication.js';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Message } from '../../http/openapi/message.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ApiProblems } from '../../problems/api-problems.js';
import type { DomainError } from '../../problems/domain-error.js';
import { accountName, maskedAddress } from '../../users/aggregate/account-name.js';
import { ApiUserChange, IfMatch, UserId } from '../../users/api/user-id.js';
import { CrossSiteRequest } from '../sessions/cross-site-request.js';
import { LinkPages, proofLinkState, requestOf } from '../one-time-tokens/link-pages.js';
import { ShowsLink, UsesLink } from '../one-time-tokens/link-routes.js';
import { OneTimeTokenDto } from '../one-time-tokens/one-time-token.dto.js';
import type { TokenDetails } from '../one-time-tokens/token-rows.js';
import { WrongCurrentPassword } from '../password-change/current-password.js';
import { newPasswordForm } from '../passwords/new-password-form.js';
import { EmailChangeLinks } from './email-change-links.js';
import { ChangeEmailDto, ConfirmEmailChangeDto, EmailChangeLinkStateResponse } from './email-change.dto.js';
import type { EmailChangeLink } from './email-change-proofs.js';
import { EmailChangeService } from './email-change.service.js';

@Controller()
export class EmailChangeController {
  private readonly link;

  constructor(
    @InjectSettings() settings: Settings,
    pages: LinkPages,
    private readonly authentication: Authentication,
    private readonly links: EmailChangeLinks,
    private readonly changes: EmailChangeService,
  ) {
    this.link = pages.of({
      find: (token) => changes.findLink(token),
      state: (link) => ({
        ...proofLinkState(link, link.newEmail),
        currentPasswordRequired: !link.isAskedByAdmin,
      }),
      page: 'confirm-email-change',
      values: (link, refused) => ({
        ...shownOf(link, refused),
        ...newPasswordForm(link.newEmail, settings.PASSWORD_MIN_LENGTH, refused),
      }),
      shownAgainAfter: ['weak-password', 'wrong-current-password', 'new-password-required'],
    });
  }

  @Put('users/:id/email')
  @HttpCode(202)
  @Allow('AUTHENTICATED')
  @RequireStepUp({ passwordInBody: true })
  @Limit('contact-mail')
  @ApiTags('Users')
  @ApiUserChange()
  @ApiOperation({
    operationId: 'changeEmail',
    summary: 'Request a change of the email address',
    description:
      'Your own, with your current password, or any user’s as an ADMIN. Takes effect once the link mailed to the new address is opened; the old address is notified immediately. The response is the same whether or not the address is taken. At most one mail a minute, unless another address was requested meanwhile.',
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
    return { message: 'A mail is on its way to the new address. The change takes effect once its link is opened.' };
  }

  @Get('auth/confirm-email-change')
  @ApiTags('Auth')
  @ShowsLink({
    operationId: 'getEmailChangeLink',
    summary: 'Show an email change link',
    state: EmailChangeLinkStateResponse,
  })
  show(
    @Query() { token }: OneTimeTokenDto,
    @Reply() reply: FastifyReply,
  ): Promise<EmailChangeLinkStateResponse | string> {
    return this.link.show(reply, token);
  }

  @Post('auth/confirm-email-change')
  @Limit('link-use')
  @ApiTags('Auth')
  // Authenticated by a token of the account, or by a proof in the body.
  @ApiSecurity({ session: [] })
  @ApiSecurity({ bearer: [] })
  @ApiSecurity({})
  @UsesLink({
    operationId: 'confirmEmailChange',
    summary: 'Confirm a new email address',
    description:
      'Only for the account that requested the change, with its access token or current password; if an ADMIN requested it, with a new password instead. An account that never had a confirmed address also needs a new password, since its creator may know the current one. Works once. Ends every other mailed link, and every session except the one that requested the change; with a new password, that one too. A form gets a page.',
    problems: [
      'weak-password',
      'not-authenticated',
      'wrong-current-password',
      'new-password-required',
      'already-confirmed',
      'refused-by-handler',
      'busy',
    ],
  })
  confirm(@Body() input: ConfirmEmailChangeDto, @Reply() reply: FastifyReply): Promise<Message | string> {
    return this.link.use(reply, input.token, (context) => this.confirmAs(reply.request, input, context), {
      json: () => ({ message: 'The new address is confirmed and is now the address of the account.' }),
      page: 'email-changed',
      values: () => ({}),
    });
  }

  private async confirmAs(
    request: FastifyRequest,
    { token, currentPassword = null, newPassword = null }: ConfirmEmailChangeDto,
    context: RequestContext,
  ): Promise<TokenDetails> {
    const caller = await this.callerOf(request);
    return this.changes.confirm(token, { caller, currentPassword, newPassword }, context);
  }

  /** The route is public, but a token that is sent must be valid. @throws NotAuthenticated for an invalid one */
  private async callerOf(request: FastifyRequest): Promise<Caller | undefined> {
    const caller = await this.authentication.callerOf(request).catch((error: unknown) => {
      // A cookie that proves nothing here: the password does.
      if (error instanceof CrossSiteRequest) return undefined;
      throw error;
    });
    if (!caller && request.headers.authorization !== undefined) throw new NotAuthenticated();
    return caller;
  }
}

/** What the page shows and requires. */
function shownOf(link: EmailChangeLink, refused?: DomainError) {
  const { requestedAt, requestedFrom } = requestOf(link);
  return {
    newEmail: link.newEmail,
    accountName: accountName(link.user) ?? (link.user.email && maskedAddress(link.user.email)),
    requestedAt,
    // The origin of an admin is not disclosed.
    requestedFrom: link.isAskedByAdmin ? null : requestedFrom,
    newPasswordRequired: link.newPasswordRequired,
    currentPasswordRequired: !link.isAskedByAdmin,
    wrongPassword: refused instanceof WrongCurrentPassword,
  };
}
