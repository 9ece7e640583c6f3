import { Controller, Get, Param, Post } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Caller, Context, CurrentCaller, type RequestContext } from '../../access/caller.js';
import { HostedPage } from '../../http/pages/hosted-page.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { Reply } from '../../http/request/reply.decorator.js';
import { GrantNotFound, UserGrants } from '../../openid/grants/user-grants.js';
import { shownScopes, type Wants } from '../../openid/pages/shown-request.js';
import { UserActions } from '../../users/api/user-actions.js';
import { type AccountFrame, at } from './account-frame.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'account-applications': AccountFrame & {
      /** Connected last first. */
      applications: readonly {
        id: string;
        name: string;
        wants: Wants;
        /** Services that it may reach on the person's behalf. */
        resources: readonly string[];
        since: Date;
      }[];
    };
  }
}

const PATH = '/account/applications';

/** Which applications one has let in. */
@Controller('account/applications')
export class ApplicationsController {
  constructor(
    private readonly pages: HostedPages,
    private readonly actions: UserActions,
    private readonly grants: UserGrants,
  ) {}

  @Get()
  @HostedPage('AUTHENTICATED')
  async show(@CurrentCaller() caller: Caller, @Reply() reply: FastifyReply): Promise<string> {
    const me = await this.actions.read(caller.userId, caller);
    const connections = await this.grants.list({ id: caller.userId, caller });
    const applications = connections.map(({ clientId, name, scopes, resources, since }) => {
      return { id: clientId, name: name ?? clientId, wants: shownScopes(scopes), resources, since };
    });
    return this.pages.show(reply, 'account-applications', { ...at('applications'), applications }, me.locale);
  }

  @Post(':clientId/disconnect')
  @HostedPage('AUTHENTICATED')
  async disconnect(
    @Param('clientId') clientId: string,
    @CurrentCaller() caller: Caller,
    @Context() context: RequestContext,
    @Reply() reply: FastifyReply,
  ): Promise<string> {
    await this.grants.end({ id: caller.userId, caller, context }, clientId).catch((error: unknown) => {
      // The form was sent twice, or the application was removed meanwhile, as was wanted.
      if (!(error instanceof GrantNotFound)) throw error;
    });
    return this.pages.redirect(reply, PATH, 'application-disconnected');
  }
}
