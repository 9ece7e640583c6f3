import { Body, Controller, Get, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { NewPasskeyDto } from '../../auth/passkeys/passkey.dto.js';
import { PasskeyRegistration } from '../../auth/passkeys/passkey-registration.service.js';
import { NewRecoveryCodes } from '../../auth/recovery-codes/new-recovery-codes.js';
import { NoSecondFactor, NoSuchFactor } from '../../auth/second-factors/second-factor-errors.js';
import { SessionCookies } from '../../auth/sessions/session-cookies.js';
import { type TotpSetup, TotpSetupExpired, TotpSetups } from '../../auth/totp/totp-setups.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { FormField, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { UserActions } from '../../users/api/user-actions.js';
import { validated } from '../../http/request/validation.js';
import { CREDENTIAL_LENGTH, credentialIn } from '../passkey-field.js';
import { type AccountFrame, below } from './account-frame.js';
import { SecurityOverview } from './security-overview.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'account-authenticator': AccountFrame & {
      /** `qr` is an SVG element of our own. */
      setup: Pick<TotpSetup, 'secret' | 'uri' | 'qr'>;
    };
    'account-recovery-codes': AccountFrame & {
      codes: readonly string[];
      /** The same as a text file: its name, and its content as a `data:` URL. */
      file: string;
      download: string;
    };
  }
}

class NewPasskeyForm {
  @FormField(CREDENTIAL_LENGTH) readonly credential?: string;
}

class CodeForm {
  @FormField(100) readonly code?: string;
}

const PATH = '/account/security';
const SETUP_PATH = '/account/authenticator';

/** An authenticator app, passkeys and recovery codes: to add, to replace and to remove. */
@Controller('account')
export class SecondFactorPagesController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly pages: HostedPages,
    private readonly actions: UserActions,
    private readonly overview: SecurityOverview,
    private readonly setups: TotpSetups,
    private readonly recoveryCodes: NewRecoveryCodes,
    private readonly passkeys: PasskeyRegistration,
    private readonly cookies: SessionCookies,
  ) {}

  @Post('authenticator')
  @HostedPage('AUTHENTICATED')
  @RequireStepUp()
  async begin(
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    await this.setups.begin({ id: caller.userId, caller, context });
    return this.pages.redirect(reply, SETUP_PATH);
  }

  @Get('authenticator')
  @HostedPage('AUTHENTICATED')
  @RequireStepUp()
  async showSetup(
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    try {
      const { values, locale } = await this.setupOf(caller, context);
      return this.pages.show(reply, 'account-authenticator', values, locale);
    } catch (error) {
      if (error instanceof TotpSetupExpired) return this.pages.redirect(reply, PATH);
      throw error;
    }
  }

  @Post('authenticator/confirm')
  @HostedPage('AUTHENTICATED')
  @RequireStepUp()
  async confirm(
    @Body() { code = '' }: CodeForm,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const browser = this.cookies.ofBrowser(reply.request, reply);
    let codes: readonly string[];
    try {
      codes = await this.setups.confirm({ id: caller.userId, caller, context, browser }, code);
    } catch (error) {
      // The form was sent twice, or was left open for too long: the page says what there is now.
      if (error instanceof TotpSetupExpired) return this.pages.redirect(reply, PATH);
      const { values, locale } = await this.setupOf(caller, context);
      return this.pages.refuse(reply, 'account-authenticator', values, error, locale);
    }
    return this.added(reply, caller, codes, 'authenticator-added');
  }

  @Post('authenticator/remove')
  @HostedPage('AUTHENTICATED')
  @RequireStepUp()
  async remove(
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const browser = this.cookies.ofBrowser(reply.request, reply);
    const removal = this.setups.remove({ id: caller.userId, caller, context, browser });
    return this.overview.answer(reply, caller, removal, { done: 'authenticator-removed', gone: NoSuchFactor });
  }

  /** What the script of the page got from the browser. */
  @Post('passkeys')
  @HostedPage('AUTHENTICATED')
  @RequireStepUp()
  async addPasskey(
    @Body() form: NewPasskeyForm,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const browser = this.cookies.ofBrowser(reply.request, reply);
    let codes: readonly string[];
    try {
      const { credential } = await validated(NewPasskeyDto, { credential: credentialIn(form.credential) });
      const request = { id: caller.userId, caller, context, browser };
      ({ recoveryCodes: codes } = await this.passkeys.add(request, credential, undefined));
    } catch (error) {
      const { values, locale } = await this.overview.of(caller);
      return this.pages.refuse(reply, 'account-security', values, error, locale);
    }
    return this.added(reply, caller, codes, 'passkey-added');
  }

  @Post('recovery-codes')
  @HostedPage('AUTHENTICATED')
  @RequireStepUp()
  async replaceCodes(
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const browser = this.cookies.ofBrowser(reply.request, reply);
    try {
      const codes = await this.recoveryCodes.replace({ id: caller.userId, caller, context, browser });
      return await this.showCodes(reply, caller, codes);
    } catch (error) {
      // Another window removed the last second factor.
      if (error instanceof NoSecondFactor) return this.pages.redirect(reply, PATH);
      throw error;
    }
  }

  /** After a new factor, with the recovery codes that came with the first one. */
  private async added(
    reply: FastifyReply,
    caller: Caller,
    codes: readonly string[],
    done: 'authenticator-added' | 'passkey-added',
  ): Promise<string> {
    return codes.length === 0 ? this.pages.redirect(reply, PATH, done) : this.showCodes(reply, caller, codes);
  }

  /** In answer to the form itself, not after a redirect: they are nowhere to be read again. */
  private async showCodes(reply: FastifyReply, caller: Caller, codes: readonly string[]): Promise<string> {
    const { locale, email, username } = await this.actions.read(caller.userId, caller);
    const { PRODUCT_NAME } = this.settings;
    const lines = [PRODUCT_NAME, email ?? username ?? '', '', ...codes, ''].join('\r\n');
    const values = {
      ...below('security'),
      codes,
      file: 'recovery-codes.txt',
      download: `data:text/plain;charset=utf-8,${encodeURIComponent(lines)}`,
    };
    return this.pages.show(reply, 'account-recovery-codes', values, locale);
  }

  /** @throws TotpSetupExpired */
  private async setupOf(caller: Caller, context: RequestContext) {
    const setup = await this.setups.resume({ id: caller.userId, caller, context });
    const { locale } = await this.actions.read(caller.userId, caller);
    return { values: { ...below('security'), setup }, locale };
  }
}
