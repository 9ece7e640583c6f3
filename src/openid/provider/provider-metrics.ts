import { Injectable } from '@nestjs/common';
import type { Provider } from 'oidc-provider';
import { Metrics } from '../../ops/metrics.js';

/** Clients are named up to so many; the rest are one. A label for each of any number would make the figures grow without bound. */
const MOST_CLIENTS = 100;
const OTHERS = 'other';

interface Answered {
  readonly oidc: {
    readonly client?: { readonly clientId: string };
    readonly params?: { readonly grant_type?: unknown };
  };
}

/** Counts what applications are given. */
@Injectable()
export class ProviderMetrics {
  private readonly signIns;
  private readonly refusals;
  private readonly named = new Set<string>();

  constructor(metrics: Metrics) {
    this.signIns = metrics.counter({
      name: 'roster_openid_sign_ins_total',
      help: 'Sign-ins of people to applications on this server: codes that were exchanged.',
      labels: ['client'],
    });
    this.refusals = metrics.counter({
      name: 'roster_openid_refusals_total',
      help: 'Requests to the token endpoint that were refused on this server.',
      labels: ['error'],
    });
  }

  watch(provider: Provider): void {
    provider.on('grant.success', ({ oidc }: Answered) => {
      const { client, params } = oidc;
      const isSignIn = params?.grant_type !== 'refresh_token' && params?.grant_type !== 'client_credentials';
      if (client && isSignIn) this.signIns.inc({ client: this.labelOf(client.clientId) });
    });
    provider.on('grant.error', (_context: Answered, { error }: { readonly error?: string }) => {
      this.refusals.inc({ error: error ?? 'server_error' });
    });
  }

  private labelOf(clientId: string): string {
    if (this.named.has(clientId)) return clientId;
    if (this.named.size >= MOST_CLIENTS) return OTHERS;
    this.named.add(clientId);
    return clientId;
  }
}
