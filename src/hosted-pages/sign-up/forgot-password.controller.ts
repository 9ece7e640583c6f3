import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Context, type RequestContext } from '../../access/caller.js';
import { LinkRequests } from '../../auth/one-time-tokens/link-requests.js';
import { RequestPasswordResetDto } from '../../auth/password-reset/password-reset.dto.js';
import { RateLimits } from '../../auth/rate-limits/rate-limits.js';
import type { FormState } from '../../http/pages/form-state.js';
import { ContinueTargets, withContinue } from '../../http/pages/continue-targets.js';
import { filledIn, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated } from '../../http/request/validation.js';
import { ContinueQuery } from '../sign-in/sign-in.forms.js';
import { ForgotPasswordForm } from './sign-up.forms.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'forgot-password': FormState & { email: string | null; continueTo: string | null; signInHref: string };
  }
}

/** The page that requests a link for a new password, like `POST /auth/request-password-reset`. */
@Controller('forgot-password')
export class ForgotPasswordController {
  constructor(
    private readonly hosted: HostedPages,
    private readonly targets: ContinueTargets,
    private readonly limits: RateLimits,
    private readonly requests: LinkRequests,
  ) {}

  @Get()
  @HostedPage('ANONYMOUS')
  show(@Query() query: ContinueQuery, @Reply() reply: FastifyReply): string {
    return this.hosted.show(reply, 'forgot-password', this.values(query));
  }

  @Post()
  @HostedPage('ANONYMOUS')
  async request(
    @Body() form: ForgotPasswordForm,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    try {
      await this.limits.consumeForClient('mail-request', context.ip);
      const { email } = await validated(RequestPasswordResetDto, filledIn({ email: form.email?.trim() }));
      await this.requests.add('reset-password', email, context);
    } catch (error) {
      return this.hosted.refuse(reply, 'forgot-password', this.values(form), error);
    }
    return this.hosted.redirect(reply, '/forgot-password/sent');
  }

  @Get('sent')
  @HostedPage('ANONYMOUS')
  sent(@Reply() reply: FastifyReply): string {
    return this.hosted.show(reply, 'reset-requested', {});
  }

  private values(form: ForgotPasswordForm) {
    const continueTo = this.targets.check(form.continue);
    return { email: form.email ?? null, continueTo, signInHref: withContinue('/sign-in', continueTo) };
  }
}
