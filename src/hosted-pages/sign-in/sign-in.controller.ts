import { Body, Controller, Get, Post, Query, Req } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LoginDto } from '../../auth/login/login.dto.js';
import { Providers } from '../../auth/providers/providers.js';
import { ContinueTargets, withContinue } from '../../http/pages/continue-targets.js';
import type { FormState } from '../../http/pages/form-state.js';
import { filledIn, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import type { ShownProvider } from '../../http/pages/shown-provider.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated } from '../../http/request/validation.js';
import { DomainError } from '../../problems/domain-error.js';
import { plainName } from '../../users/aggregate/account-name.js';
import { UserLookup } from '../../users/store/user-lookup.js';
import { type ProviderProblemShown, providerProblem } from '../provider-problem.js';
import { BrowserSignIns } from './browser-sign-ins.js';
import { PatientLogins } from './patient-logins.js';
import { ContinueQuery, SignInForm, SignInQuery } from './sign-in.forms.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'sign-in': FormState & {
      identifier: string | null;
      keepSignedIn: boolean;
      /** Where to go on afterwards; null for the account. */
      continueTo: string | null;
      signUpUrl: string;
      forgotPasswordUrl: string;
      /** The address of an unconfirmed registration, which a fresh link can be sent to. */
      unconfirmed: string | null;
      /** A passkey was refused. */
      byPasskey: boolean;
      /** Of the address of a provider's button. */
      startQuery: string;
      providerProblem: ProviderProblemShown | null;
      /** In place of those of the settings, in samples. */
      providers?: readonly ShownProvider[];
    };
    /** For a browser in which somebody is signed in already. */
    'signed-in': { name: string; email: string | null; goOnUrl: string; anotherUrl: string };
    /** The browser did not keep the cookie of a session. */
    'cookies-refused': { againUrl: string };
  }
}

const AFTER = '/account';

/** The page that signs in with a password, or sends a link (`SignInLinkController`). */
@Controller('sign-in')
export class SignInController {
  constructor(
    private readonly hosted: HostedPages,
    private readonly targets: ContinueTargets,
    private readonly logins: PatientLogins,
    private readonly browsers: BrowserSignIns,
    private readonly users: UserLookup,
    private readonly providers: Providers,
  ) {}

  @Get()
  @HostedPage('ANONYMOUS')
  async show(@Query() query: SignInQuery, @Req() request: FastifyRequest, @Reply() reply: FastifyReply) {
    const continueTo = this.targets.check(query.continue);
    const caller = query.another === undefined ? await this.browsers.callerOf(request) : undefined;
    const user = caller && (await this.users.findById(caller.userId));
    const problem = providerProblem(this.providers, query);
    if (!user || problem) {
      const values = signInForm(continueTo, query.identifier, false);
      return this.hosted.show(reply, 'sign-in', { ...values, providerProblem: problem });
    }
    const values = {
      name: plainName(user) ?? user.username ?? user.email ?? '',
      email: user.email,
      goOnUrl: continueTo ?? AFTER,
      anotherUrl: withContinue('/sign-in', continueTo, { another: 'yes' }),
    };
    return this.hosted.show(reply, 'signed-in', values, user.locale);
  }

  @Post()
  @HostedPage('ANONYMOUS')
  async signIn(@Body() form: SignInForm, @Reply() reply: FastifyReply): Promise<string> {
    const continueTo = this.targets.check(form.continue);
    const keepSignedIn = form.keepSignedIn !== undefined;
    const entered = form.identifier?.trim();
    try {
      const input = await validated(LoginDto, filledIn({ identifier: entered, password: form.password }));
      const { identifier = '', password } = input;
      return await this.browsers.signIn(reply, { continueTo, keepSignedIn }, (from) =>
        this.logins.login({ identifier, password, ...from }),
      );
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const values = signInForm(continueTo, entered, keepSignedIn);
      const unconfirmed = error.code === 'email-not-verified' && entered?.includes('@') ? entered : null;
      return this.hosted.refuse(reply, 'sign-in', { ...values, unconfirmed }, error);
    }
  }

  /** On the way from the form to where it leads: tells somebody whose browser keeps no cookies, who would end at the form again. */
  @Get('complete')
  @HostedPage('ANONYMOUS')
  async complete(@Query() query: ContinueQuery, @Req() request: FastifyRequest, @Reply() reply: FastifyReply) {
    const continueTo = this.targets.check(query.continue);
    if (await this.browsers.callerOf(request)) return this.hosted.redirect(reply, continueTo ?? AFTER);
    return this.hosted.show(reply, 'cookies-refused', { againUrl: withContinue('/sign-in', continueTo) });
  }
}

/** The values of the form, before anything went wrong. */
export function signInForm(continueTo: string | null, identifier: string | undefined, keepSignedIn: boolean) {
  return {
    identifier: identifier ?? null,
    keepSignedIn,
    continueTo,
    signUpUrl: withContinue('/sign-up', continueTo),
    forgotPasswordUrl: withContinue('/forgot-password', continueTo),
    unconfirmed: null,
    byPasskey: false,
    startQuery: withContinue('', continueTo),
    providerProblem: null,
  };
}
