import { Injectable } from '@nestjs/common';
import { Clock } from '../../config/clock.js';
import { callbackUrlOf, providerName, type ProviderSettings } from '../../config/provider-settings.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { GithubClient } from './clients/github.client.js';
import { OpenIdClient } from './clients/openid.client.js';
import type { ProviderClient } from './clients/provider-client.js';
import { ProviderHttp } from './clients/provider-http.js';
import { NoSuchProvider } from './provider-errors.js';

/** A provider with what speaks to it. */
export interface Provider extends ProviderSettings {
  readonly client: ProviderClient;
}

/** The providers of the settings. */
@Injectable()
export class Providers {
  private readonly known: ReadonlyMap<string, Provider>;

  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly http: ProviderHttp,
    private readonly clock: Clock,
  ) {
    this.known = new Map(settings.providers.map((one) => [one.id, { ...one, client: this.clientOf(one) }]));
  }

  /** In the order of `PROVIDERS`. */
  all(): readonly Provider[] {
    return [...this.known.values()];
  }

  /** @throws NoSuchProvider */
  find(id: string): Provider {
    const provider = this.known.get(id);
    if (!provider) throw new NoSuchProvider();
    return provider;
  }

  /** As it was given, also for identities of a provider that is not in the settings any more. */
  nameOf(id: string): string {
    return providerName(this.settings, id);
  }

  private clientOf(provider: ProviderSettings): ProviderClient {
    const { PUBLIC_URL, GITHUB_URL, GITHUB_API_URL } = this.settings;
    const redirectUri = callbackUrlOf(PUBLIC_URL, provider.id);
    if (provider.preset !== 'github') {
      return new OpenIdClient(provider, redirectUri, this.http, this.clock, this.appleKeyOf(provider));
    }
    const own = GITHUB_URL === undefined ? 'https://api.github.com' : `${GITHUB_URL}/api/v3`;
    return new GithubClient(provider, GITHUB_API_URL ?? own, redirectUri, this.http);
  }

  private appleKeyOf({ preset }: ProviderSettings) {
    const { APPLE_TEAM_ID: teamId, APPLE_KEY_ID: keyId, APPLE_PRIVATE_KEY: privateKey } = this.settings;
    if (preset !== 'apple' || teamId === undefined || keyId === undefined || privateKey === undefined) return undefined;
    return { teamId, keyId, privateKey };
  }
}
