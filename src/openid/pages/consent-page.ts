import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { InteractionInstance } from 'oidc-provider';
import type { Caller, RequestContext } from '../../access/caller.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { wantedLanguages } from '../../rendering/languages.js';
import { Grants } from '../provider/grants.js';
import { OpenIdProvider } from '../provider/provider.js';
import {
  formTargetsOf,
  resourcesOf,
  scopesOf,
  type ShownAccount,
  ShownRequest,
  shownTarget,
  type Wants,
  wantsOf,
} from './shown-request.js';
import { interactionPath } from './sign-in-demand.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    'openid-consent': ShownAccount & {
      clientName: string;
      /** Where the answer goes, for people who know the application by its address. */
      returnsTo: string;
      wants: Wants;
      resources: readonly string[];
      action: string;
      anotherUrl: string;
    };
    'openid-account': ShownAccount & { clientName: string; action: string; anotherUrl: string };
  }
}

/** The pages that show which application asks, and for what. */
@Injectable()
export class ConsentPage {
  constructor(
    private readonly hosted: HostedPages,
    private readonly shown: ShownRequest,
    private readonly grants: Grants,
    private readonly provider: OpenIdProvider,
  ) {}

  async show(reply: FastifyReply, interaction: InteractionInstance, caller: Caller): Promise<string> {
    const { values, locale } = await this.valuesOf(reply, interaction, caller);
    const { params } = interaction;
    const asked = {
      wants: wantsOf(params),
      resources: resourcesOf(params),
      returnsTo: shownTarget(params['redirect_uri']),
    };
    return this.hosted.show(reply, 'openid-consent', { ...values, ...asked }, locale);
  }

  async chooseAccount(reply: FastifyReply, interaction: InteractionInstance, caller: Caller): Promise<string> {
    const { values, locale } = await this.valuesOf(reply, interaction, caller);
    return this.hosted.show(reply, 'openid-account', values, locale);
  }

  /** Keeps what a person has allowed. @returns the id of the grant */
  async allow({ params, grantId }: InteractionInstance, caller: Caller, context: RequestContext) {
    const provider = await this.provider.current();
    const clientId = String(params['client_id']);
    const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
    const grant = known ?? new provider.Grant({ accountId: caller.userId, clientId });
    const wanted = { scopes: scopesOf(params), resources: resourcesOf(params) };
    return this.grants.save(grant, caller.sessionId, wanted, { context, basis: 'asked' });
  }

  private async valuesOf(reply: FastifyReply, { uid, params }: InteractionInstance, caller: Caller) {
    const { account, client, locale } = await this.shown.of(params, caller);
    reply.request.formTargets = formTargetsOf(params['redirect_uri']);
    reply.request.wantedLanguages = wantedLanguages(params['ui_locales']);
    const action = interactionPath(uid);
    const anotherUrl = this.hosted.signInUrl(action, { another: 'yes' });
    return { values: { ...account, clientName: client.name, action, anotherUrl }, locale };
  }
}
