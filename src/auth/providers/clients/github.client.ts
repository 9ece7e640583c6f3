import * as openid from 'openid-client';
import type { ProviderSettings } from '../../../config/provider-settings.js';
import { isAddress } from '../../../users/aggregate/is-address.js';
import { ProviderFailure } from '../provider-errors.js';
import { httpsUrl, line, namesOf } from './claims.js';
import { providerFailure } from './failures.js';
import type { FlowSecrets, Person, ProviderClient, ProviderReturn } from './provider-client.js';
import type { ProviderHttp, ProviderRequest } from './provider-http.js';

interface GithubUser {
  readonly id?: unknown;
  readonly login?: unknown;
  readonly name?: unknown;
  readonly html_url?: unknown;
}

interface GithubEmail {
  readonly email?: unknown;
  readonly primary?: unknown;
  readonly verified?: unknown;
}

/**
 * GitHub, which speaks OAuth 2 and no OpenID Connect: who the person is, its API says. What stands in the profile as the address is
 * what the person wants to be shown, so only the list of addresses counts, and of that the primary one.
 */
export class GithubClient implements ProviderClient {
  private readonly config: openid.Configuration;
  private readonly issuer: string;

  /** @param apiUrl without a slash at its end */
  constructor(
    { issuer: webUrl, clientId, clientSecret }: ProviderSettings,
    private readonly apiUrl: string,
    private readonly redirectUri: string,
    private readonly http: Pick<ProviderHttp, 'fetch'>,
  ) {
    this.issuer = `${webUrl}/login/oauth`;
    const metadata = {
      issuer: this.issuer,
      authorization_endpoint: `${webUrl}/login/oauth/authorize`,
      token_endpoint: `${webUrl}/login/oauth/access_token`,
    };
    this.config = new openid.Configuration(
      metadata,
      clientId,
      undefined,
      openid.ClientSecretPost(clientSecret() ?? ''),
    );
    this.config[openid.customFetch] = http.fetch;
    // Plain HTTP is for development, where settings allow it: `ProviderHttp` decides for each URL.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- not deprecated: the library marks it as such to warn of it
    openid.allowInsecureRequests(this.config);
  }

  async authorizationUrl({ state, verifier }: FlowSecrets): Promise<string> {
    const asked = {
      redirect_uri: this.redirectUri,
      scope: 'read:user user:email',
      state,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    };
    return openid.buildAuthorizationUrl(this.config, asked).href;
  }

  async personOf({ query, state, verifier }: ProviderReturn): Promise<Person> {
    try {
      const url = new URL(`${this.redirectUri}?${query.toString()}`);
      const checks = { expectedState: state, pkceCodeVerifier: verifier };
      const { access_token: token } = await openid.authorizationCodeGrant(this.config, url, checks);
      const user = (await this.read('/user', token)) as GithubUser;
      // Names of accounts are given to others once they are free; numbers are not.
      if (typeof user.id !== 'number' || !Number.isSafeInteger(user.id)) throw new Error('GitHub named no user');
      return this.describe(user, user.id, await this.primaryAddress(token));
    } catch (error) {
      throw providerFailure(error);
    }
  }

  private describe(
    user: GithubUser,
    id: number,
    { email, emailVerified }: { email: string | null; emailVerified: boolean },
  ): Person {
    const name = line(user.name);
    const profile = {
      email,
      emailVerified,
      name,
      username: line(user.login),
      url: httpsUrl(user.html_url),
      hostedDomain: null,
    };
    return { issuer: this.issuer, subject: String(id), profile, ...namesOf(null, null, name) };
  }

  /** None where the person did not allow it (403, 404). */
  private async primaryAddress(token: string) {
    const listed = await this.read('/user/emails', token, [403, 404]);
    const primary = Array.isArray(listed) ? (listed as GithubEmail[]).find((one) => one.primary === true) : undefined;
    const email = isAddress(primary?.email) ? primary.email : null;
    return { email, emailVerified: email !== null && primary?.verified === true };
  }

  private async read(path: string, token: string, allowed: readonly number[] = []): Promise<unknown> {
    const headers = {
      authorization: `Bearer ${token}`,
      accept: 'application/vnd.github+json',
      'user-agent': 'Roster',
      'x-github-api-version': '2022-11-28',
    };
    const response = await this.http.fetch(this.apiUrl + path, { headers } satisfies ProviderRequest);
    if (allowed.includes(response.status)) return undefined;
    if (!response.ok) throw new ProviderFailure('failed', `GitHub answered ${path} with ${response.status}`);
    return response.json();
  }
}
