import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { SECOND_FACTOR_METHODS, type SecondFactorMethod } from '../../auth/second-factors/second-factor.js';
import { SignInExpired } from '../../auth/second-factors/sign-in-tickets.js';
import { SessionCookies } from '../../auth/sessions/session-cookies.js';
import { SecondStepDto } from '../../auth/sign-in/second-step.dto.js';
import { SignInGate } from '../../auth/sign-in/sign-in-gate.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ContinueTargets, withContinue } from '../../http/pages/continue-targets.js';
import type { FormState } from '../../http/pages/form-state.js';
import { filledIn, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated } from '../../http/request/validation.js';
import { Duration } from '../../rendering/formats.js';
import { credentialIn } from '../passkey-field.js';
import { BrowserSignIns } from './browser-sign-ins.js';
import { SecondFactorForm, SecondFactorQuery } from './sign-in.forms.js';
import { type PendingStep, StepCookies } from '../../auth/second-factors/step-cookies.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    /** The second step of a sign-in. One of the methods has its form; the others are links, or the button of passkeys. */
    'second-factor': FormState & {
      method: 'totp' | 'recovery-code' | null;
      isTotp: boolean;
      isRecoveryCode: boolean;
      totpUrl: string | null;
      recoveryCodeUrl: string | null;
      /** Whether the user has a passkey, which takes script. */
      hasPasskey: boolean;
      /** The ticket, for the script of passkeys. */
      ticket: string;
      keepSignedIn: boolean;
      rememberDevice: boolean;
      rememberedFor: Duration;
      continueTo: string | null;
      againUrl: string;
    };
    /** The ticket is gone: after five minutes, five wrong codes, or in a browser that refuses its cookie. */
    'sign-in-expired': { againUrl: string };
  }
}

type Fields = Pick<SecondFactorForm, 'method' | 'rememberDevice'> & SecondFactorQuery;

/** The page of the second factor, by the same gate as `POST /auth/second-factor`. */
@Controller('sign-in/second-factor')
export class SecondFactorController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly hosted: HostedPages,
    private readonly targets: ContinueTargets,
    private readonly browsers: BrowserSignIns,
    private readonly steps: StepCookies,
    private readonly sessions: SessionCookies,
    private readonly gate: SignInGate,
  ) {}

  @Get()
  @HostedPage('ANONYMOUS')
  show(@Query() query: SecondFactorQuery, @Reply() reply: FastifyReply): string {
    const step = this.steps.read(reply.request);
    if (!step) return this.expired(reply, query);
    return this.hosted.show(reply, 'second-factor', this.values(step, query));
  }

  @Post()
  @HostedPage('ANONYMOUS')
  async present(@Body() form: SecondFactorForm, @Reply() reply: FastifyReply): Promise<string> {
    const step = this.steps.read(reply.request);
    if (!step) return this.expired(reply, form);
    const continueTo = this.targets.check(form.continue);
    const keepSignedIn = form.keepSignedIn !== undefined;
    const rememberDevice = form.rememberDevice !== undefined;
    try {
      const assertion = credentialIn(form.assertion);
      const entered = filledIn({ method: form.method, code: form.code, ...(assertion !== undefined && { assertion }) });
      const {
        token,
        method,
        code,
        assertion: proof,
      } = await validated(SecondStepDto, { token: step.token, ...entered });
      return await this.browsers.signIn(reply, { continueTo, keepSignedIn }, async (from) => {
        const binding = this.sessions.bindingOf(reply.request);
        const signedIn = await this.gate.complete({
          token,
          proof: { method, code, assertion: proof },
          binding,
          rememberDevice,
          ...from,
        });
        this.steps.clear(reply);
        return signedIn;
      });
    } catch (error) {
      if (error instanceof SignInExpired) return this.expired(reply, form);
      return this.hosted.refuse(reply, 'second-factor', this.values(step, form), error);
    }
  }

  private expired(reply: FastifyReply, { continue: given }: Fields): string {
    this.steps.clear(reply);
    const againUrl = withContinue('/sign-in', this.targets.check(given));
    return this.hosted.show(reply.code(401), 'sign-in-expired', { againUrl });
  }

  private values({ token, methods }: PendingStep, fields: Fields) {
    const continueTo = this.targets.check(fields.continue);
    const keepSignedIn = fields.keepSignedIn !== undefined;
    const kept = keepSignedIn ? { keepSignedIn: 'yes' } : {};
    const shown = shownMethod(methods, fields.method ?? fields.with);
    const linkTo = (method: SecondFactorMethod): string | null =>
      method !== shown && methods.includes(method)
        ? withContinue('/sign-in/second-factor', continueTo, { with: method, ...kept })
        : null;
    return {
      method: shown,
      isTotp: shown === 'totp',
      isRecoveryCode: shown === 'recovery-code',
      totpUrl: linkTo('totp'),
      recoveryCodeUrl: linkTo('recovery-code'),
      hasPasskey: methods.includes('passkey'),
      ticket: token,
      keepSignedIn,
      rememberDevice: fields.rememberDevice !== undefined,
      rememberedFor: new Duration(this.settings.REMEMBERED_DEVICE_TTL),
      continueTo,
      againUrl: withContinue('/sign-in', continueTo),
    };
  }
}

/** The method that is asked for, else the first that takes a code; with a passkey, recovery codes stay a link. */
function shownMethod(methods: PendingStep['methods'], wanted: string | undefined): 'totp' | 'recovery-code' | null {
  const first = SECOND_FACTOR_METHODS.find((method) => methods.includes(method));
  const method = methods.find((one) => one === wanted) ?? first;
  return method === undefined || method === 'passkey' ? null : method;
}
