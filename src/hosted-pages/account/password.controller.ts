import { Body, Controller, Get, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { StepUpCheck } from '../../access/step-up.js';
import { LinkRequests } from '../../auth/one-time-tokens/link-requests.js';
import { ChangePasswordDto } from '../../auth/password-change/password-change.dto.js';
import { PasswordChangeService } from '../../auth/password-change/password-change.service.js';
import { newPasswordForm } from '../../auth/passwords/new-password-form.js';
import { SessionCookies } from '../../auth/sessions/session-cookies.js';
import { SignInMethods } from '../../auth/sign-in-methods/sign-in-methods.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { FormField, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated } from '../../http/request/validation.js';
import { DomainError } from '../../problems/domain-error.js';
import { UserActions } from '../../users/api/user-actions.js';
import { type AccountFrame, below } from './account-frame.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'account-password': AccountFrame & NewPasswordForm & { hasPassword: boolean };
  }
}

class PasswordForm {
  @FormField(1024) readonly currentPassword?: string;
  @FormField(1024) readonly newPassword?: string;
}

/** A new password, by the current one or by a mailed link. */
@Controller('account/password')
export class PasswordController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly pages: HostedPages,
    private readonly actions: UserActions,
    private readonly methods: SignInMethods,
    private readonly links: LinkRequests,
    private readonly changes: PasswordChangeService,
    private readonly cookies: SessionCookies,
    private readonly stepUps: StepUpCheck,
  ) {}

  @Get()
  @HostedPage('AUTHENTICATED')
  async show(@CurrentCaller() caller: Caller, @Reply() reply: FastifyReply): Promise<string> {
    const { values, locale } = await this.read(caller);
    return this.pages.show(reply, 'account-password', values, locale);
  }

  @Post()
  @HostedPage('AUTHENTICATED')
  async change(
    @Body() { currentPassword = '', newPassword = '' }: PasswordForm,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    await this.stepUps.require(caller, { passwordInBody: true });
    try {
      const input = await validated(ChangePasswordDto, { currentPassword, newPassword });
      const browser = this.cookies.ofBrowser(reply.request, reply);
      await this.changes.change({ id: caller.userId, caller, context }, input, browser);
    } catch (error) {
      const { values, locale } = await this.read(caller, error instanceof DomainError ? error : undefined);
      return this.pages.refuse(reply, 'account-password', values, error, locale);
    }
    return this.pages.redirect(reply, '/account/security', 'password-changed');
  }

  /** As somebody who is not signed in would ask for it, for one's own address. */
  @Post('link')
  @HostedPage('AUTHENTICATED')
  @Limit('mail-request')
  async sendLink(
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const { email } = await this.actions.read(caller.userId, caller);
    if (email !== null) await this.links.add('reset-password', email, context);
    return this.pages.redirect(reply, '/account/password', 'password-link-sent');
  }

  private async read(caller: Caller, refused?: DomainError) {
    const id = caller.userId;
    const me = await this.actions.read(id, caller);
    const { held } = await this.methods.listFor({ id, caller });
    const values = {
      ...below('security'),
      hasPassword: held.some(({ method }) => method.id === 'password'),
      ...newPasswordForm(me.email ?? me.username, this.settings.PASSWORD_MIN_LENGTH, refused),
      email: me.email,
    };
    return { values, locale: me.locale };
  }
}
