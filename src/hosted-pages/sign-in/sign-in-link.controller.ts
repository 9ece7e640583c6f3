import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Context, type RequestContext } from '../../access/caller.js';
import { RequestMagicLinkDto } from '../../auth/magic-link/magic-link.dto.js';
import { LinkRequests } from '../../auth/one-time-tokens/link-requests.js';
import { RateLimits } from '../../auth/rate-limits/rate-limits.js';
import { ContinueTargets, withContinue } from '../../http/pages/continue-targets.js';
import { filledIn, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated } from '../../http/request/validation.js';
import { signInForm } from './sign-in.controller.js';
import { ContinueQuery, SignInForm } from './sign-in.forms.js';

/** "Email me a sign-in link", the second button of the page for sign-in. */
@Controller('sign-in/link')
export class SignInLinkController {
  constructor(
    private readonly hosted: HostedPages,
    private readonly targets: ContinueTargets,
    private readonly requests: LinkRequests,
    private readonly limits: RateLimits,
  ) {}

  @Post()
  @HostedPage('ANONYMOUS')
  async request(@Body() form: SignInForm, @Context() context: RequestContext, @Reply() reply: FastifyReply) {
    const continueTo = this.targets.check(form.continue);
    const entered = form.identifier?.trim();
    try {
      await this.limits.consumeForClient('mail-request', context.ip);
      const { email } = await validated(RequestMagicLinkDto, filledIn({ email: entered }));
      await this.requests.add('magic-link', email, context);
    } catch (error) {
      const values = signInForm(continueTo, entered, form.keepSignedIn !== undefined);
      return this.hosted.refuse(reply, 'sign-in', values, error);
    }
    return this.hosted.redirect(reply, withContinue('/sign-in/link', continueTo));
  }

  @Get()
  @HostedPage('ANONYMOUS')
  sent(@Query() _query: ContinueQuery, @Reply() reply: FastifyReply): string {
    return this.hosted.show(reply, 'magic-link-requested', {});
  }
}
