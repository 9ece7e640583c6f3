import { Body, Controller, Get, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { SessionCookies } from '../../auth/sessions/session-cookies.js';
import { StepUpPolicy } from '../../auth/step-up/step-up-policy.js';
import { Clock } from '../../config/clock.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { withContinue } from '../../http/pages/continue-targets.js';
import { FormField, HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { ValidationFailed } from '../../http/request/validation.js';
import { Duration } from '../../rendering/formats.js';
import { remove } from '../../users/aggregate/decide.js';
import { UserActions } from '../../users/api/user-actions.js';
import { type AccountFrame, at } from './account-frame.js';

interface Ending {
  /** How long a deleted account is kept. */
  readonly keptFor: Duration;
}

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'account-data': AccountFrame & Ending & { mayReturn: boolean };
    'account-deletion-done': Ending;
  }
}

class DeletionForm {
  @FormField(10) readonly sure?: string;
}

const CONFIRM = withContinue('/account/confirm', '/account/data');

/** A copy of all that is stored about a person, and the end of the account. */
@Controller('account')
export class DataController {
  private readonly keptFor: Duration;

  constructor(
    @InjectSettings() { DELETED_RETENTION }: Settings,
    private readonly pages: HostedPages,
    private readonly actions: UserActions,
    private readonly cookies: SessionCookies,
    private readonly clock: Clock,
    private readonly stepUps: StepUpPolicy,
  ) {
    this.keptFor = new Duration(DELETED_RETENTION);
  }

  @Get('data')
  @HostedPage('AUTHENTICATED')
  async show(@CurrentCaller() caller: Caller, @Reply() reply: FastifyReply): Promise<string> {
    const { values, locale } = await this.read(caller);
    return this.pages.show(reply, 'account-data', values, locale);
  }

  @Get('export')
  @HostedPage('AUTHENTICATED')
  async export(@CurrentCaller() caller: Caller, @Reply() reply: FastifyReply): Promise<string> {
    // Not to the download itself, which would leave the page of the detour on the screen.
    if (!(await this.stepUps.isFresh(caller))) return this.pages.redirect(reply, CONFIRM);
    const data = await this.actions.export(caller.userId, caller);
    void reply.headers({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="user-${caller.userId}.json"`,
      'cache-control': 'no-store',
    });
    return JSON.stringify({ exportedAt: this.clock.now().toISOString(), data }, null, 2);
  }

  @Post('delete')
  @HostedPage('AUTHENTICATED')
  @RequireStepUp()
  async delete(
    @Body() { sure }: DeletionForm,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    try {
      if (sure !== 'yes') throw new ValidationFailed([{ path: 'sure', message: 'must be ticked' }]);
      await this.actions.change({ id: caller.userId, action: 'delete', caller, context }, remove);
    } catch (error) {
      const { values, locale } = await this.read(caller);
      return this.pages.refuse(reply, 'account-data', values, error, locale);
    }
    this.cookies.clear(reply.request, reply, caller.sessionId);
    return this.pages.redirect(reply, '/account/deleted');
  }

  /** For nobody in particular: the account, and the session with it, is gone. */
  @Get('deleted')
  @HostedPage('ANONYMOUS')
  deleted(@Reply() reply: FastifyReply): string {
    return this.pages.show(reply, 'account-deletion-done', { keptFor: this.keptFor });
  }

  private async read(caller: Caller) {
    const me = await this.actions.read(caller.userId, caller);
    // As `Deletions.mayReturn` will decide; a role may only be given back by an admin.
    const mayReturn = me.emailVerified && me.role === 'AUTHENTICATED';
    return { values: { ...at('data'), keptFor: this.keptFor, mayReturn }, locale: me.locale };
  }
}
