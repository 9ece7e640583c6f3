import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authentication } from '../../access/authentication.js';
import { type Caller, contextOf } from '../../access/caller.js';
import { DeviceCookies } from '../../auth/lockout/device-cookies.js';
import type { SignInAttempt } from '../../auth/sign-in/sign-in-attempt.js';
import { SessionCookies } from '../../auth/sessions/session-cookies.js';
import type { SignedInResponse } from '../../auth/sessions/signed-in.response.js';

type From = Required<Pick<SignInAttempt, 'browser' | 'context'>> & Pick<SignInAttempt, 'deviceToken'>;

/** Sign-ins of the hosted pages: always with a cookie, and with the devices that the browser is known by. */
@Injectable()
export class BrowserSignIns {
  constructor(
    private readonly authentication: Authentication,
    private readonly sessions: SessionCookies,
    private readonly devices: DeviceCookies,
  ) {}

  /** Who is signed in here, if anybody is, on a page that needs nobody to be. */
  async callerOf(request: FastifyRequest): Promise<Caller | undefined> {
    const caller = request.caller ?? (await this.authentication.callerOf(request));
    if (caller) request.caller = caller;
    return caller;
  }

  /** Where the sign-in comes from, for the service of its method. @throws CrossSiteRequest */
  from(request: FastifyRequest, reply: FastifyReply, keepSignedIn: boolean): From {
    return {
      deviceToken: this.devices.of(request),
      browser: this.sessions.forSignIn(request, reply, { session: 'cookie', keepSignedIn }),
      context: contextOf(request),
    };
  }

  /** The browser is a known device of this user from now on. */
  remember(request: FastifyRequest, reply: FastifyReply, { user, deviceToken }: SignedInResponse): void {
    this.devices.remember(request, reply, user.id, deviceToken);
  }
}
