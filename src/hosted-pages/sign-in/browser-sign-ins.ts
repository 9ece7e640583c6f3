import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authentication } from '../../access/authentication.js';
import { type Caller, contextOf } from '../../access/caller.js';
import { SecondFactorRequired, SecondFactorSetupRequired } from '../../auth/second-factors/second-factor-errors.js';
import { StepCookies } from '../../auth/second-factors/step-cookies.js';
import { DeviceCookies } from '../../auth/lockout/device-cookies.js';
import type { SignInAttempt } from '../../auth/sign-in/sign-in-attempt.js';
import { SessionCookies } from '../../auth/sessions/session-cookies.js';
import { withContinue } from '../../http/pages/continue-targets.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import type { SignedInResponse } from '../../auth/sessions/signed-in.response.js';

type From = Required<Pick<SignInAttempt, 'browser' | 'context'>> & Pick<SignInAttempt, 'deviceToken'>;

/** What a sign-in on a page may want beside its proof. */
interface Wanted {
  /** Checked by `ContinueTargets`. */
  readonly continueTo: string | null;
  readonly keepSignedIn?: boolean;
}

/** Sign-ins of the hosted pages: always with a cookie, and with the devices that the browser is known by. */
@Injectable()
export class BrowserSignIns {
  constructor(
    private readonly authentication: Authentication,
    private readonly sessions: SessionCookies,
    private readonly devices: DeviceCookies,
    private readonly hosted: HostedPages,
    private readonly steps: StepCookies,
  ) {}

  /** Who is signed in here, if anybody is, on a page that needs nobody to be. */
  async callerOf(request: FastifyRequest): Promise<Caller | undefined> {
    const caller = request.caller ?? (await this.authentication.callerOf(request));
    if (caller) request.caller = caller;
    return caller;
  }

  /**
   * Signs in, and leads on: to the second factor where one is needed.
   * @param prove calls the service of the method
   * @throws the errors of `prove`, for the form; CrossSiteRequest
   */
  async signIn(
    reply: FastifyReply,
    { continueTo, keepSignedIn = false }: Wanted,
    prove: (from: From) => Promise<SignedInResponse>,
  ): Promise<string> {
    const { request } = reply;
    try {
      const browser = this.sessions.forSignIn(request, reply, { session: 'cookie', keepSignedIn });
      const { user, deviceToken } = await prove({
        deviceToken: this.devices.of(request),
        browser,
        context: contextOf(request),
      });
      this.devices.remember(request, reply, user.id, deviceToken);
    } catch (error) {
      const isSetup = error instanceof SecondFactorSetupRequired;
      if (!isSetup && !(error instanceof SecondFactorRequired)) throw error;
      this.steps.set(reply, error.continueWith);
      // What was chosen is given again with the second factor: a ticket holds only what was proved.
      return this.hosted.redirect(
        reply,
        withContinue(
          isSetup ? '/sign-in/set-up' : '/sign-in/second-factor',
          continueTo,
          keepSignedIn ? { keepSignedIn: 'yes' } : {},
        ),
      );
    }
    return this.hosted.redirect(reply, withContinue('/sign-in/complete', continueTo));
  }
}
