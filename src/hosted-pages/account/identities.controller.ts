import { Controller, Param, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { Limit } from '../../access/limit.decorator.js';
import { RequireStepUp } from '../../access/require-step-up.decorator.js';
import { ProviderAnswers } from '../../auth/providers/provider-answers.js';
import { ProviderDepartures } from '../../auth/providers/provider-departures.js';
import { NoSuchIdentity, ProviderFailure } from '../../auth/providers/provider-errors.js';
import { Providers } from '../../auth/providers/providers.js';
import { UserIdentities } from '../../auth/providers/user-identities.js';
import { HostedPage } from '../../http/pages/hosted-page.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { SecurityOverview } from './security-overview.js';

/** Links accounts at other providers, and unlinks them, by the same services as the API. */
@Controller('account/identities')
export class IdentityPagesController {
  constructor(
    private readonly overview: SecurityOverview,
    private readonly providers: Providers,
    private readonly identities: UserIdentities,
    private readonly departures: ProviderDepartures,
    private readonly answers: ProviderAnswers,
  ) {}

  @Post(':provider/link')
  @HostedPage('AUTHENTICATED')
  @RequireStepUp()
  @Limit('provider-start')
  async link(
    @Param('provider') id: string,
    @CurrentCaller() caller: Caller,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    await this.identities.mayLink({ id: caller.userId, caller });
    const provider = this.providers.find(id);
    const flow = {
      purpose: 'link',
      ...{ userId: caller.userId, sessionId: caller.sessionId },
      ...{ continueTo: null, keepSignedIn: false, codeChallenge: null },
    } as const;
    try {
      // A page rather than a redirect, which browsers refuse after a form: the policy of our pages lets forms lead to us alone.
      return this.departures.goOn(reply, await this.departures.begin(reply, provider, flow));
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      return this.answers.toProblemPage(reply, id, flow, error.problem);
    }
  }

  @Post(':identityId/remove')
  @HostedPage('AUTHENTICATED')
  @RequireStepUp()
  async remove(
    @Param('identityId') identityId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    const removal = this.identities.remove({ id: caller.userId, caller, context }, identityId);
    return this.overview.answer(reply, caller, removal, { done: 'identity-unlinked', gone: NoSuchIdentity });
  }
}
