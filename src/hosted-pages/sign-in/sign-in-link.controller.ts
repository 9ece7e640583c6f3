import { Body, Controller, Get, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Context, type RequestContext } from '../../access/caller.js';
import { RequestMagicLinkDto, UseMagicLinkCodeDto } from '../../auth/magic-link/magic-link.dto.js';
import { MagicLinkCookies } from '../../auth/magic-link/magic-link-cookies.js';
import { MagicLinkService } from '../../auth/magic-link/magic-link.service.js';
import { LinkRequests } from '../../auth/one-time-tokens/link-requests.js';
import { OneTimeTokenDto } from '../../auth/one-time-tokens/one-time-token.dto.js';
import { RateLimits } from '../../auth/rate-limits/rate-limits.js';
import { ContinueTargets, withContinue } from '../../http/pages/continue-targets.js';
import type { FormState } from '../../http/pages/form-state.js';
import { filledIn, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated } from '../../http/request/validation.js';
import { BrowserSignIns } from './browser-sign-ins.js';
import { signInForm } from './sign-in.controller.js';
import { CodeForm, SignInForm, TokenForm } from './sign-in.forms.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    /** After a sign-in link was requested. `takesCode`: the link shows one if it is opened elsewhere. */
    'sign-in-link-sent': FormState & { takesCode: boolean; againUrl: string };
  }
}

/** "Email me a sign-in link", the second button of the page to sign in, and what follows from it. */
@Controller('sign-in')
export class SignInLinkController {
  constructor(
    private readonly hosted: HostedPages,
    private readonly targets: ContinueTargets,
    private readonly browsers: BrowserSignIns,
    private readonly requests: LinkRequests,
    private readonly limits: RateLimits,
    private readonly askers: MagicLinkCookies,
    private readonly signIns: MagicLinkService,
  ) {}

  @Post('link')
  @HostedPage('ANONYMOUS')
  async request(
    @Body() form: SignInForm,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const continueTo = this.targets.check(form.continue);
    const entered = form.identifier?.trim();
    const keepSignedIn = form.keepSignedIn !== undefined;
    try {
      await this.limits.consumeForClient('mail-request', context.ip);
      const { email } = await validated(RequestMagicLinkDto, filledIn({ email: entered }));
      const binding = this.askers.mark(reply.request, reply, { continueTo: continueTo ?? undefined, keepSignedIn });
      await this.requests.add('magic-link', email, context, binding);
    } catch (error) {
      const values = signInForm(continueTo, entered, keepSignedIn);
      return this.hosted.refuse(reply, 'sign-in', values, error);
    }
    return this.hosted.redirect(reply, '/sign-in/link');
  }

  @Get('link')
  @HostedPage('ANONYMOUS')
  sent(@Reply() reply: FastifyReply): string {
    return this.hosted.show(reply, 'sign-in-link-sent', this.sentValues(reply));
  }

  /** The code that the link showed elsewhere. */
  @Post('code')
  @HostedPage('ANONYMOUS')
  async signInByCode(@Body() form: CodeForm, @Reply() reply: FastifyReply): Promise<string> {
    const { request } = reply;
    const binding = this.askers.bindingOf(request);
    try {
      const { code } = await validated(UseMagicLinkCodeDto, filledIn(form));
      return await this.browsers.signIn(reply, this.wanted(reply), async (from) => {
        const signedIn = await this.signIns.signInByCode(code, binding, from);
        this.askers.forget(request, reply);
        return signedIn;
      });
    } catch (error) {
      return this.hosted.refuse(reply, 'sign-in-link-sent', this.sentValues(reply), error);
    }
  }

  /** The button of the page of the link. @throws TokenExpiredOrUsed, whose page offers a fresh one */
  @Post('with-link')
  @HostedPage('ANONYMOUS')
  async signInByLink(@Body() form: TokenForm, @Reply() reply: FastifyReply): Promise<string> {
    const { token } = await validated(OneTimeTokenDto, filledIn(form));
    return this.browsers.signIn(reply, this.wanted(reply), async (from) => {
      const signedIn = await this.signIns.signIn(token, from);
      this.askers.forget(reply.request, reply);
      return signedIn;
    });
  }

  /** As the browser said when it requested the link. */
  private wanted({ request }: FastifyReply): { continueTo: string | null; keepSignedIn: boolean } {
    const { continueTo, keepSignedIn = false } = this.askers.wantedBy(request);
    return { continueTo: this.targets.check(continueTo), keepSignedIn };
  }

  private sentValues(reply: FastifyReply): { takesCode: boolean; againUrl: string } {
    return {
      takesCode: this.askers.bindingOf(reply.request) !== undefined,
      againUrl: withContinue('/sign-in', this.wanted(reply).continueTo),
    };
  }
}
