import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOf } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ContinueTargets } from '../../http/pages/continue-targets.js';
import { DomainError } from '../../problems/domain-error.js';
import { DeviceCookies } from '../lockout/device-cookies.js';
import { SessionCookies } from '../sessions/session-cookies.js';
import { isLinkOf } from '../sign-in/credentials.js';
import { SignInGate } from '../sign-in/sign-in-gate.js';
import { RegistrationCookies } from './registration-cookies.js';
import type { VerifiedLink } from './verification.service.js';

/**
 * Signs the browser in that registered, once its owner has confirmed the address there: who holds both the cookie of the
 * registration and the mailed link is who registered. Any other browser is led to the page that signs in.
 */
@Injectable()
export class RegistrantSignIn {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly registrations: RegistrationCookies,
    private readonly sessions: SessionCookies,
    private readonly devices: DeviceCookies,
    private readonly gate: SignInGate,
    private readonly targets: ContinueTargets,
  ) {}

  /** Whether this browser made the registration of this user. */
  is(request: FastifyRequest, userId: string): boolean {
    return this.registrations.read(request)?.userId === userId;
  }

  /** @returns where to go on; null if nobody was signed in here */
  async signIn(reply: FastifyReply, link: VerifiedLink): Promise<string | null> {
    const { request } = reply;
    const registration = this.registrations.read(request);
    if (!this.settings.HOSTED_PAGES || registration?.userId !== link.userId) return null;
    try {
      const attempt = await this.gate.enter({
        method: 'registration',
        // A mailed link is a one-time password that nobody types.
        amr: ['otp'],
        isByMail: true,
        deviceToken: this.devices.of(request),
        browser: this.sessions.forSignIn(request, reply, { session: 'cookie' }),
        context: contextOf(request),
      });
      const signedIn = await this.gate.admit(attempt, link.userId, (_tx, user, credentials) =>
        isLinkOf(user, credentials, link),
      );
      this.devices.remember(request, reply, link.userId, signedIn.deviceToken);
    } catch (error) {
      // The address is confirmed all the same, and the page that signs in says what is lacking.
      if (error instanceof DomainError) return null;
      throw error;
    }
    this.registrations.clear(reply);
    return this.targets.check(registration.continueTo ?? undefined) ?? '/account';
  }
}
