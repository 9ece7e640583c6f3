import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, contextOf } from '../../access/caller.js';
import { DeviceCookies } from '../lockout/device-cookies.js';
import { type SessionChoice, SessionCookies } from '../sessions/session-cookies.js';
import type { SignedInResponse } from '../sessions/signed-in.response.js';
import type { SetupAttempt } from './sign-in-attempt.js';
import { SignInGate } from './sign-in-gate.js';

/** What the client of a set-up chooses of its session. */
export type SetupChoice = SessionChoice & { readonly deviceToken?: string | undefined };

/** Signs in users who had to set up a second factor, with the request that sets it up. */
@Injectable()
export class SetupSignIns {
  constructor(
    private readonly gate: SignInGate,
    private readonly cookies: SessionCookies,
    private readonly devices: DeviceCookies,
  ) {}

  /**
   * Call it before the factor is added.
   * @returns undefined for a caller with a session; else what starts one, to be called once the factor is there
   * @throws CrossSiteRequest
   */
  of(
    reply: FastifyReply,
    { setupToken: token }: Caller,
    { deviceToken, ...choice }: SetupChoice,
  ): ((added: Pick<SetupAttempt, 'factor' | 'amr'>) => Promise<SignedInResponse>) | undefined {
    if (token === undefined) return undefined;
    const { request } = reply;
    const browser = this.cookies.forSignIn(request, reply, choice);
    return async (added) => {
      const signedIn = await this.gate.completeSetup({
        ...{ ...added, token, browser },
        deviceToken: deviceToken ?? this.devices.of(request),
        binding: this.cookies.bindingOf(request),
        context: contextOf(request),
      });
      this.devices.remember(request, reply, signedIn.user.id, signedIn.deviceToken);
      return signedIn;
    };
  }
}
