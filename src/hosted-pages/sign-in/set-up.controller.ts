import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, contextOf } from '../../access/caller.js';
import { SignInExpired } from '../../auth/second-factors/sign-in-tickets.js';
import { SessionCookies } from '../../auth/sessions/session-cookies.js';
import { SetupSignIns } from '../../auth/sign-in/setup-sign-ins.js';
import { StepUpPolicy } from '../../auth/step-up/step-up-policy.js';
import { type TotpSetup, TotpSetupExpired, TotpSetups } from '../../auth/totp/totp-setups.js';
import { ContinueTargets, withContinue } from '../../http/pages/continue-targets.js';
import { type FormState, UNTOUCHED } from '../../http/pages/form-state.js';
import { HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { SecondFactorQuery, SetUpForm } from './sign-in.forms.js';
import { StepCookies } from '../../auth/second-factors/step-cookies.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    /** For a user whose role takes a second factor: the way to an authenticator app, the app, or the recovery codes after it. */
    'sign-in-set-up': FormState & {
      hasSetup: boolean;
      /** `qr` is an SVG element of our own. */
      setup: Pick<TotpSetup, 'secret' | 'uri' | 'qr'> | null;
      codes: readonly string[];
      keepSignedIn: boolean;
      continueTo: string | null;
      goOnUrl: string;
    };
  }
}

const PATH = '/sign-in/set-up';

/** The pages of a sign-in that has to set up a second factor, by the same services as the API. */
@Controller('sign-in/set-up')
export class SetUpController {
  constructor(
    private readonly hosted: HostedPages,
    private readonly targets: ContinueTargets,
    private readonly steps: StepCookies,
    private readonly cookies: SessionCookies,
    private readonly policy: StepUpPolicy,
    private readonly setups: TotpSetups,
    private readonly signIns: SetupSignIns,
  ) {}

  @Get()
  @HostedPage('ANONYMOUS')
  async show(@Query() query: SecondFactorQuery, @Reply() reply: FastifyReply): Promise<string> {
    const caller = await this.callerOf(reply);
    if (!caller) return this.expired(reply, query);
    const values = { ...this.values(query), ...(await this.setupOf(reply, caller)) };
    return this.hosted.show(reply, 'sign-in-set-up', values);
  }

  @Post()
  @HostedPage('ANONYMOUS')
  async begin(@Body() form: SecondFactorQuery, @Reply() reply: FastifyReply): Promise<string> {
    const caller = await this.callerOf(reply);
    if (!caller) return this.expired(reply, form);
    await this.setups.begin({ id: caller.userId, caller, context: contextOf(reply.request) });
    const kept = form.keepSignedIn === undefined ? {} : { keepSignedIn: 'yes' };
    return this.hosted.redirect(reply, withContinue(PATH, this.targets.check(form.continue), kept));
  }

  @Post('confirm')
  @HostedPage('ANONYMOUS')
  async confirm(@Body() form: SetUpForm, @Reply() reply: FastifyReply): Promise<string> {
    const caller = await this.callerOf(reply);
    if (!caller) return this.expired(reply, form);
    try {
      const choice = { session: 'cookie', keepSignedIn: form.keepSignedIn !== undefined } as const;
      const signIn = this.signIns.of(reply, caller, choice);
      const request = { id: caller.userId, caller, context: contextOf(reply.request) };
      const codes = await this.setups.confirm(request, form.code ?? '');
      await signIn?.({ factor: 'totp', amr: ['otp'] });
      this.steps.clear(reply);
      // In answer to the form itself: they are nowhere to be read again.
      return this.hosted.show(reply, 'sign-in-set-up', { ...this.values(form), codes });
    } catch (error) {
      if (error instanceof SignInExpired || error instanceof TotpSetupExpired) return this.expired(reply, form);
      const values = { ...this.values(form), ...(await this.setupOf(reply, caller)) };
      return this.hosted.refuse(reply, 'sign-in-set-up', values, error);
    }
  }

  /** The user of the ticket; for what is recorded of the request, too. */
  private async callerOf({ request }: FastifyReply): Promise<Caller | undefined> {
    const step = this.steps.read(request);
    const caller = step && (await this.policy.setupCaller(step.token, this.cookies.bindingOf(request)));
    if (caller) request.caller = caller;
    return caller;
  }

  private async setupOf({ request }: FastifyReply, caller: Caller) {
    try {
      const setup = await this.setups.resume({ id: caller.userId, caller, context: contextOf(request) });
      return { hasSetup: true, setup };
    } catch (error) {
      if (error instanceof TotpSetupExpired) return { hasSetup: false, setup: null };
      throw error;
    }
  }

  private expired(reply: FastifyReply, { continue: given }: SecondFactorQuery): string {
    this.steps.clear(reply);
    const againUrl = withContinue('/sign-in', this.targets.check(given));
    return this.hosted.show(reply.code(401), 'sign-in-expired', { againUrl });
  }

  private values(fields: SecondFactorQuery) {
    const continueTo = this.targets.check(fields.continue);
    const goOnUrl = withContinue('/sign-in/complete', continueTo);
    return {
      ...UNTOUCHED,
      hasSetup: false,
      setup: null,
      codes: [],
      keepSignedIn: fields.keepSignedIn !== undefined,
      continueTo,
      goOnUrl,
    };
  }
}
