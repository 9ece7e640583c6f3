import { Body, Controller, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ChallengeCookies } from '../../auth/passkeys/challenge-cookies.js';
import { PasskeySignInDto } from '../../auth/passkeys/passkey-sign-in.dto.js';
import { PasskeySignIn } from '../../auth/passkeys/passkey-sign-in.service.js';
import { ContinueTargets } from '../../http/pages/continue-targets.js';
import { HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated } from '../../http/request/validation.js';
import { credentialIn } from '../passkey-field.js';
import { BrowserSignIns } from './browser-sign-ins.js';
import { signInForm } from './sign-in.controller.js';
import { PasskeyForm } from './sign-in.forms.js';

/** "Sign in with a passkey" on the page to sign in: what its script got from the browser, by the same service as the API. */
@Controller('sign-in/passkey')
export class SignInPasskeyController {
  constructor(
    private readonly hosted: HostedPages,
    private readonly targets: ContinueTargets,
    private readonly browsers: BrowserSignIns,
    private readonly signIns: PasskeySignIn,
    private readonly challenges: ChallengeCookies,
  ) {}

  @Post()
  @HostedPage('ANONYMOUS')
  async signIn(@Body() form: PasskeyForm, @Reply() reply: FastifyReply): Promise<string> {
    const continueTo = this.targets.check(form.continue);
    const keepSignedIn = form.keepSignedIn !== undefined;
    try {
      const { assertion } = await validated(PasskeySignInDto, { assertion: credentialIn(form.assertion) });
      const browser = this.challenges.of(reply.request);
      return await this.browsers.signIn(reply, { continueTo, keepSignedIn }, (from) =>
        this.signIns.signIn(assertion, browser, from),
      );
    } catch (error) {
      const values = signInForm(continueTo, undefined, keepSignedIn);
      return this.hosted.refuse(reply, 'sign-in', { ...values, byPasskey: true }, error);
    }
  }
}
