import { Controller, Get, Post } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Context, type RequestContext } from '../../access/caller.js';
import { LinkRequests } from '../../auth/one-time-tokens/link-requests.js';
import { RateLimits } from '../../auth/rate-limits/rate-limits.js';
import { RegistrationCookies } from '../../auth/verification/registration-cookies.js';
import { HostedPage } from '../../http/pages/hosted-page.js';
import type { FormState } from '../../http/pages/form-state.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { DomainError } from '../../problems/domain-error.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserLookup } from '../../users/store/user-lookup.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    /** `email`: null for a browser that this server knows no waiting registration of. */
    'sign-up-sent': FormState & { email: string | null; waitSeconds: number };
  }
}

/** As long as `AddressThrottle` waits between two mails. */
const WAIT_SECONDS = 60;

/** "Check your inbox", after registration: the mail can be sent again by the browser that registered. */
@Controller('sign-up/sent')
export class SignUpSentController {
  constructor(
    private readonly hosted: HostedPages,
    private readonly cookies: RegistrationCookies,
    private readonly users: UserLookup,
    private readonly limits: RateLimits,
    private readonly requests: LinkRequests,
  ) {}

  @Get()
  @HostedPage('ANONYMOUS')
  async show(@Reply() reply: FastifyReply): Promise<string> {
    const user = await this.registered(reply.request);
    // Confirmed meanwhile, in another browser: nothing is left to do here.
    if (user && !user.pending) return this.hosted.redirect(reply, '/sign-in');
    return this.hosted.show(reply, 'sign-up-sent', valuesFor(user));
  }

  @Post()
  @HostedPage('ANONYMOUS')
  async sendAgain(@Context() context: RequestContext, @Reply() reply: FastifyReply): Promise<string> {
    const user = await this.registered(reply.request);
    try {
      await this.limits.consumeForClient('mail-request', context.ip);
      if (user?.email != null) await this.requests.add('verify-email', user.email, context);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return this.hosted.refuse(reply, 'sign-up-sent', valuesFor(user), error);
    }
    return this.hosted.redirect(reply, '/sign-up/sent', 'mail-sent');
  }

  private async registered(request: FastifyRequest): Promise<UserEntity | undefined> {
    const registration = this.cookies.read(request);
    return registration && this.users.findById(registration.userId);
  }
}

function valuesFor(user: UserEntity | undefined): { email: string | null; waitSeconds: number } {
  return { email: user?.pending === true ? user.email : null, waitSeconds: WAIT_SECONDS };
}
