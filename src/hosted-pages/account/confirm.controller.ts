import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { SessionCookies } from '../../auth/sessions/session-cookies.js';
import { StepUpRequired } from '../../auth/step-up/step-up-errors.js';
import { StepUpPolicy } from '../../auth/step-up/step-up-policy.js';
import { StepUpDto } from '../../auth/step-up/step-up.dto.js';
import { type StepUpProof, StepUpService } from '../../auth/step-up/step-up.service.js';
import { ContinueTargets } from '../../http/pages/continue-targets.js';
import { camelCase, type FormState } from '../../http/pages/form-state.js';
import { CONTINUE_LENGTH, filledIn, FormField, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { validated } from '../../http/request/validation.js';
import { UserActions } from '../../users/api/user-actions.js';
import { CREDENTIAL_LENGTH, credentialIn } from '../passkey-field.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'account-confirm': FormState & {
      /** By what the person can prove who they are; `none` if only a new sign-in does. */
      ways: Readonly<Partial<Record<'password' | 'totp' | 'passkey' | 'recoveryCode' | 'none', true>>>;
      /** Which proof was wrong. */
      failed: Readonly<Partial<Record<string, true>>>;
      /** For password managers. */
      account: string;
      continue: string;
    };
  }
}

class ConfirmQuery {
  @FormField(CONTINUE_LENGTH) readonly continue?: string;
  /** However fresh the last proof is. */
  @FormField(3) readonly again?: string;
}

class ConfirmForm extends ConfirmQuery {
  @FormField(20) readonly method?: string;
  @FormField(1024) readonly password?: string;
  @FormField(64) readonly code?: string;
  @FormField(CREDENTIAL_LENGTH) readonly assertion?: string;
}

/** A fresh proof of who somebody is, asked for before an act that could take an account over or end it; then back to where they were. */
@Controller('account/confirm')
export class ConfirmController {
  constructor(
    private readonly pages: HostedPages,
    private readonly targets: ContinueTargets,
    private readonly actions: UserActions,
    private readonly policy: StepUpPolicy,
    private readonly stepUps: StepUpService,
    private readonly cookies: SessionCookies,
  ) {}

  @Get()
  @HostedPage('AUTHENTICATED')
  async show(
    @Query() query: ConfirmQuery,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    // Somebody went back, or confirmed in another window.
    if (query.again === undefined && (await this.policy.isFresh(caller)))
      return this.pages.redirect(reply, this.targetOf(query));
    const { values, locale } = await this.read(caller, query);
    return this.pages.show(reply, 'account-confirm', values, locale);
  }

  @Post()
  @HostedPage('AUTHENTICATED')
  async confirm(
    @Body() form: ConfirmForm,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const browser = this.cookies.ofBrowser(reply.request, reply);
    const { continue: _, again: __, method, assertion: field, ...proof } = form;
    const assertion = credentialIn(field);
    try {
      const given = await validated(
        StepUpDto,
        filledIn({ method, ...proof, ...(assertion !== undefined && { assertion }) }),
      );
      await this.stepUps.stepUp({ caller, context, browser }, given as StepUpProof);
    } catch (error) {
      const { values, locale } = await this.read(caller, form);
      // The ways have changed since the form was shown: the page has those of now.
      if (error instanceof StepUpRequired) return this.pages.show(reply, 'account-confirm', values, locale);
      const failed = { [camelCase(method ?? '')]: true as const };
      return this.pages.refuse(reply, 'account-confirm', { ...values, failed }, error, locale);
    }
    return this.pages.redirect(reply, this.targetOf(form), 'confirmed');
  }

  private targetOf(given: ConfirmQuery): string {
    return this.targets.check(given.continue) ?? '/account';
  }

  private async read(caller: Caller, given: ConfirmQuery) {
    const { email, username, locale } = await this.actions.read(caller.userId, caller);
    const methods = await this.policy.methodsFor(caller);
    const ways = methods.length === 0 ? ['none'] : methods.map(camelCase);
    const values = {
      ways: Object.fromEntries(ways.map((way) => [way, true as const])),
      failed: {},
      account: email ?? username ?? '',
      continue: this.targetOf(given),
    };
    return { values, locale };
  }
}
