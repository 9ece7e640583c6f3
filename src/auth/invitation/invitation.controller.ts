import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Limit } from '../../access/limit.decorator.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Message } from '../../http/openapi/message.js';
import { signInQuery } from '../../http/pages/page-values.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { LinkPages, tokenState } from '../one-time-tokens/link-pages.js';
import { ShowsLink, UsesLink } from '../one-time-tokens/link-routes.js';
import { OneTimeTokenDto, type TokenStateResponse } from '../one-time-tokens/one-time-token.dto.js';
import { newPasswordForm } from '../passwords/new-password-form.js';
import { AcceptInvitationDto } from './invitation.dto.js';
import { InvitationService } from './invitation.service.js';

@ApiTags('Auth')
@Controller('auth/accept-invitation')
export class InvitationController {
  private readonly link;

  constructor(
    @InjectSettings() settings: Settings,
    pages: LinkPages,
    private readonly invitation: InvitationService,
  ) {
    this.link = pages.of({
      find: (token) => invitation.findLink(token),
      state: (link) => tokenState(link, link.email),
      page: 'accept-invitation',
      values: ({ email }, refused) => newPasswordForm(email, settings.PASSWORD_MIN_LENGTH, refused),
      shownAgainAfter: ['weak-password'],
    });
  }

  @Get()
  @ShowsLink({
    operationId: 'getInvitationLink',
    summary: 'Show an invitation link',
    description: 'Asks for a password. With `Accept: application/json`, returns whether the link is still valid.',
  })
  show(@Query() { token }: OneTimeTokenDto, @Reply() reply: FastifyReply): Promise<TokenStateResponse | string> {
    return this.link.show(reply, token);
  }

  @Post()
  @Limit('link-use')
  @UsesLink({
    operationId: 'acceptInvitation',
    summary: 'Accept an invitation',
    description:
      'Sets the password and confirms the address. Works once; after a refused password the link stays valid.',
    problems: ['weak-password', 'refused-by-handler', 'busy'],
  })
  accept(@Body() { token, newPassword }: AcceptInvitationDto, @Reply() reply: FastifyReply): Promise<Message | string> {
    return this.link.use(reply, token, (context) => this.invitation.accept(token, newPassword, context), {
      json: () => ({ message: 'The password is set. You can sign in now.' }),
      page: 'invitation-accepted',
      values: ({ email }) => ({ signInQuery: signInQuery(email) }),
    });
  }
}
