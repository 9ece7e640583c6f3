import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { PasskeyNotFound } from '../../auth/passkeys/passkey-errors.js';
import { RenamePasskeyDto } from '../../auth/passkeys/passkey.dto.js';
import { UserPasskeys } from '../../auth/passkeys/user-passkeys.js';
import { Providers } from '../../auth/providers/providers.js';
import { SessionCookies } from '../../auth/sessions/session-cookies.js';
import { NoSuchMethod, SignInMethods } from '../../auth/sign-in-methods/sign-in-methods.js';
import { FormField, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated } from '../../http/request/validation.js';
import { providerProblem } from '../provider-problem.js';
import { type AccountFrame, below } from './account-frame.js';
import { type Security, SecurityOverview } from './security-overview.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'account-security': AccountFrame & Security;
    'account-passkey': AccountFrame & { id: string; entered: { name: string } };
  }
}

class SecurityQuery {
  /** Why an account at this provider was not linked. */
  @FormField(40) readonly provider?: string;
  @FormField(40) readonly problem?: string;
}

class PasskeyForm {
  @FormField(1000) readonly name?: string;
}

const PATH = '/account/security';

/** How one signs in, and which second factors there are. */
@Controller('account')
export class SecurityController {
  constructor(
    private readonly pages: HostedPages,
    private readonly overview: SecurityOverview,
    private readonly methods: SignInMethods,
    private readonly passkeys: UserPasskeys,
    private readonly cookies: SessionCookies,
    private readonly providers: Providers,
  ) {}

  @Get('security')
  @HostedPage('AUTHENTICATED')
  async show(
    @Query() query: SecurityQuery,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const { values, locale } = await this.overview.of(caller);
    const shown = { ...values, providerProblem: providerProblem(this.providers, query) };
    return this.pages.show(reply, 'account-security', shown, locale);
  }

  @Post('methods/:method/remove')
  @HostedPage('AUTHENTICATED')
  @RequireStepUp()
  async removeMethod(
    @Param('method') method: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const removal = this.methods.remove({ id: caller.userId, caller, context }, method);
    return this.overview.answer(reply, caller, removal, { done: 'method-removed', gone: NoSuchMethod });
  }

  @Get('passkeys/:passkeyId')
  @HostedPage('AUTHENTICATED')
  async showPasskey(
    @Param('passkeyId') passkeyId: string,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const { id, name, locale } = await this.findPasskey(caller, passkeyId);
    return this.pages.show(reply, 'account-passkey', { ...below('security'), id, entered: { name } }, locale);
  }

  @Post('passkeys/:passkeyId')
  @HostedPage('AUTHENTICATED')
  async rename(
    @Param('passkeyId') passkeyId: string,
    @Body() { name = '' }: PasskeyForm,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    try {
      const input = await validated(RenamePasskeyDto, { name });
      await this.passkeys.rename({ id: caller.userId, caller, context }, passkeyId, input.name);
    } catch (error) {
      const { id, locale } = await this.findPasskey(caller, passkeyId);
      return this.pages.refuse(
        reply,
        'account-passkey',
        { ...below('security'), id, entered: { name } },
        error,
        locale,
      );
    }
    return this.pages.redirect(reply, PATH, 'passkey-renamed');
  }

  @Post('passkeys/:passkeyId/remove')
  @HostedPage('AUTHENTICATED')
  @RequireStepUp()
  async removePasskey(
    @Param('passkeyId') passkeyId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const browser = this.cookies.ofBrowser(reply.request, reply);
    const removal = this.passkeys.remove({ id: caller.userId, caller, context, browser }, passkeyId);
    return this.overview.answer(reply, caller, removal, { done: 'passkey-removed', gone: PasskeyNotFound });
  }

  /** @throws PasskeyNotFound */
  private async findPasskey(caller: Caller, passkeyId: string) {
    const { values, locale } = await this.overview.of(caller);
    const passkey = values.passkeys.find(({ id }) => id === passkeyId);
    if (!passkey) throw new PasskeyNotFound();
    return { ...passkey, locale };
  }
}
