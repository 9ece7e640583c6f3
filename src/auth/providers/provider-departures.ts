import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Pages } from '../../http/pages/pages.js';
import { FlowCookies } from './flow-cookies.js';
import { type Flow, ProviderFlows } from './provider-flows.js';
import type { Provider } from './providers.js';

declare module '../../http/pages/page-values.js' {
  interface PageValues {
    /** On the way from or to a provider: the browser goes on by itself. */
    'going-on': { goOnUrl: string };
    /** Another site has led here. */
    'provider-asked': { providerName: string; goOnUrl: string };
  }
}

/** Sends browsers to providers. */
@Injectable()
export class ProviderDepartures {
  constructor(
    private readonly pages: Pages,
    private readonly cookies: FlowCookies,
    private readonly flows: ProviderFlows,
  ) {}

  /** Marks the browser. @returns where it goes @throws ProviderFailure */
  async begin(reply: FastifyReply, provider: Provider, flow: Flow): Promise<string> {
    const browser = this.cookies.bind(reply.request, reply);
    const secrets = await this.flows.begin({ provider: provider.id, browser }, flow);
    return provider.client.authorizationUrl(secrets);
  }

  /** A page of ours that asks whether to leave, from where the same address is no stranger's. */
  ask(reply: FastifyReply, { name }: Provider): string {
    return this.pages.render(reply, 'provider-asked', { providerName: name, goOnUrl: reply.request.url });
  }

  /** A page that leads on at once, by a header, which needs no script; for people whose browser does not follow, by a link. */
  goOn(reply: FastifyReply, goOnUrl: string): string {
    const page = this.pages.render(reply, 'going-on', { goOnUrl });
    void reply.header('refresh', `0; url=${goOnUrl}`);
    return page;
  }
}
