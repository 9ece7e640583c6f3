import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Context, type RequestContext } from '../../access/caller.js';
import { RateLimits } from '../../auth/rate-limits/rate-limits.js';
import { newPasswordForm } from '../../auth/passwords/new-password-form.js';
import { RegisterDto } from '../../auth/registration/register.dto.js';
import { RegistrationService } from '../../auth/registration/registration.service.js';
import { RegistrationCookies } from '../../auth/verification/registration-cookies.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ContinueTargets, withContinue } from '../../http/pages/continue-targets.js';
import type { FormState } from '../../http/pages/form-state.js';
import { filledIn, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated } from '../../http/request/validation.js';
import { DomainError } from '../../problems/domain-error.js';
import { ContinueQuery } from '../sign-in/sign-in.forms.js';
import { SignUpForm } from './sign-up.forms.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'sign-up': FormState &
      NewPasswordForm & {
        username: string | null;
        firstName: string | null;
        lastName: string | null;
        nickname: string | null;
        /** One of the fields that may be left out is filled in, or wrong. */
        moreIsOpen: boolean;
        continueTo: string | null;
        signInHref: string;
        /** Of the address of a provider's button. */
        startQuery: string;
      };
  }
}

const MORE = ['username', 'firstName', 'lastName', 'nickname'] as const;

/** The page that registers, by the same service as `POST /auth/register`. */
@Controller('sign-up')
export class SignUpController {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly hosted: HostedPages,
    private readonly targets: ContinueTargets,
    private readonly limits: RateLimits,
    private readonly registration: RegistrationService,
    private readonly cookies: RegistrationCookies,
  ) {}

  @Get()
  @HostedPage('ANONYMOUS')
  show(@Query() query: ContinueQuery, @Reply() reply: FastifyReply): string {
    return this.hosted.show(reply, 'sign-up', this.values(query));
  }

  @Post()
  @HostedPage('ANONYMOUS')
  async signUp(
    @Body() form: SignUpForm,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const { continue: target, ...fields } = form;
    try {
      await this.limits.consumeForClient('registration', context.ip);
      const locale = this.hosted.languageOf(reply.request);
      const input = await validated(RegisterDto, { ...filledIn(fields), locale });
      const userId = await this.registration.register(input, context);
      this.cookies.set(reply, { userId, continueTo: this.targets.check(target) });
    } catch (error) {
      const refused = error instanceof DomainError ? error : undefined;
      return this.hosted.refuse(reply, 'sign-up', this.values(form, refused), error);
    }
    return this.hosted.redirect(reply, '/sign-up/sent');
  }

  private values(form: SignUpForm, refused?: DomainError) {
    const continueTo = this.targets.check(form.continue);
    const isTaken = refused?.code === 'username-taken';
    const isWrong = MORE.some((name) => refused?.errors?.some(({ path }) => path === name));
    return {
      ...newPasswordForm(form.email ?? null, this.settings.PASSWORD_MIN_LENGTH, refused),
      username: form.username ?? null,
      firstName: form.firstName ?? null,
      lastName: form.lastName ?? null,
      nickname: form.nickname ?? null,
      moreIsOpen: isTaken || isWrong || MORE.some((name) => Boolean(form[name])),
      continueTo,
      signInHref: withContinue('/sign-in', continueTo),
      startQuery: withContinue('', continueTo),
    };
  }
}
