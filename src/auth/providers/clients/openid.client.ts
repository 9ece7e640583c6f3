import * as openid from 'openid-client';
import type { Clock } from '../../../config/clock.js';
import type { ProviderSettings } from '../../../config/provider-settings.js';
import { type AppleKey, appleNames, appleSecret } from './apple.js';
import { checkClaims, type Claims, personOf } from './claims.js';
import { isUnknownKey, providerFailure } from './failures.js';
import type { FlowSecrets, Person, ProviderClient, ProviderReturn } from './provider-client.js';
import type { ProviderHttp, ProviderRequest } from './provider-http.js';

/** How long metadata and keys of a provider are remembered. */
const REMEMBERED_MS = 60_000;
/** In seconds; each request has its own limit as well. */
const TIMEOUT = 15;

/** Where one provider departs from the others. */
interface Quirks {
  readonly scope: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** False for LinkedIn, which refuses a `code_verifier`, and whose id_token has no nonce. */
  readonly takesPkceAndNonce: boolean;
  /** Whether UserInfo may say what the id_token does not. */
  readonly hasUserInfo: boolean;
}

const USUAL: Quirks = { scope: 'openid profile email', takesPkceAndNonce: true, hasUserInfo: true };
const QUIRKS: Readonly<Partial<Record<string, Quirks>>> = {
  google: { ...USUAL, hasUserInfo: false },
  microsoft: { ...USUAL, hasUserInfo: false },
  // Apple returns a name and an address only to a form.
  apple: { ...USUAL, scope: 'openid name email', parameters: { response_mode: 'form_post' }, hasUserInfo: false },
  linkedin: { ...USUAL, takesPkceAndNonce: false },
};

type Fetch = (target: string, request: ProviderRequest) => Promise<Response>;

/** A provider of OpenID Connect: discovery, code flow with PKCE, state and nonce, and an id_token whose signature is checked. */
export class OpenIdClient implements ProviderClient {
  /** Metadata and keys by URL. */
  private readonly known = new Map<string, { readonly text: string; readonly until: number }>();
  private readonly quirks: Quirks;

  constructor(
    private readonly provider: ProviderSettings,
    private readonly redirectUri: string,
    private readonly http: Pick<ProviderHttp, 'fetch'>,
    private readonly clock: Clock,
    private readonly apple?: AppleKey,
  ) {
    this.quirks = QUIRKS[provider.preset ?? ''] ?? USUAL;
  }

  async authorizationUrl({ state, nonce, verifier }: FlowSecrets): Promise<string> {
    const { scope, parameters, takesPkceAndNonce } = this.quirks;
    const config = await this.discover(this.remembering);
    const proof = takesPkceAndNonce && {
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    };
    const asked = { redirect_uri: this.redirectUri, scope, state, ...parameters, ...proof };
    return openid.buildAuthorizationUrl(config, asked).href;
  }

  async personOf({ query, state, nonce, verifier }: ProviderReturn): Promise<Person> {
    const url = new URL(`${this.redirectUri}?${query.toString()}`);
    const proof = this.quirks.takesPkceAndNonce ? { expectedNonce: nonce, pkceCodeVerifier: verifier } : {};
    const checks = { expectedState: state, idTokenExpected: true, ...proof };
    try {
      const { config, tokens } = await this.exchange(url, checks);
      const claims = tokens.claims() as Claims | undefined;
      if (!claims) throw new Error('there is no id_token');
      checkClaims(claims, this.provider.clientId, this.now());
      const more = this.apple ? appleNames(query.get('user')) : await this.userInfo(config, tokens, claims);
      return personOf(this.provider.preset, claims, more);
    } catch (error) {
      throw providerFailure(error);
    }
  }

  /** With keys that are a minute old at most; if none of them fits, once more with the newest, for the answer that is there. */
  private async exchange(url: URL, checks: openid.AuthorizationCodeGrantChecks) {
    let answer: { readonly text: string; readonly response: Response } | undefined;
    const config = await this.discover(async (target, request) => {
      if (request.method !== 'POST') return this.remembering(target, request);
      const response = await this.http.fetch(target, request);
      answer = { text: await response.clone().text(), response };
      return response;
    });
    try {
      return { config, tokens: await openid.authorizationCodeGrant(config, url, { ...checks }) };
    } catch (error) {
      if (!isUnknownKey(error) || !answer) throw error;
      this.known.clear();
      const { text, response } = answer;
      const again = new Response(text, { status: response.status, headers: response.headers });
      const fresh = await this.discover((target, request) =>
        request.method === 'POST' ? Promise.resolve(again) : this.remembering(target, request),
      );
      return { config: fresh, tokens: await openid.authorizationCodeGrant(fresh, url, { ...checks }) };
    }
  }

  private async userInfo(
    config: openid.Configuration,
    { access_token: token }: openid.TokenEndpointResponse,
    claims: Claims,
  ): Promise<Record<string, unknown> | undefined> {
    const saysAll = claims['email'] !== undefined && claims['email_verified'] !== undefined;
    if (saysAll || !this.quirks.hasUserInfo || config.serverMetadata().userinfo_endpoint === undefined)
      return undefined;
    return openid.fetchUserInfo(config, token, claims.sub);
  }

  /**
   * A configuration of its own for each sign-in: what is remembered between them are the documents alone.
   * @throws ProviderFailure
   */
  private async discover(fetch: Fetch): Promise<openid.Configuration> {
    const { issuer, clientId } = this.provider;
    try {
      return await openid.discovery(new URL(issuer), clientId, undefined, this.authentication, {
        timeout: TIMEOUT,
        // Plain HTTP is for development, where settings allow it: `ProviderHttp` decides for each URL.
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- not deprecated: the library marks it as such to warn of it
        execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
        [openid.customFetch]: fetch,
      });
    } catch (error) {
      throw providerFailure(error);
    }
  }

  /** Discovery documents and key sets are the same for everybody, so they are asked for once a minute. */
  private readonly remembering: Fetch = async (target, request) => {
    const headers = { 'content-type': 'application/json' };
    const now = this.clock.now().getTime();
    const known = this.known.get(target);
    if (known && known.until > now) return new Response(known.text, { headers });
    const response = await this.http.fetch(target, request);
    const isOfEverybody = response.status === 200 && new Headers(request.headers).get('authorization') === null;
    if (!isOfEverybody) return response;
    const text = await response.clone().text();
    this.known.set(target, { text, until: now + REMEMBERED_MS });
    return response;
  };

  private readonly authentication: openid.ClientAuth = (server, client, body, headers) => {
    const { clientId, clientSecret } = this.provider;
    const secret = this.apple ? appleSecret(this.apple, clientId, server.issuer, this.now()) : clientSecret();
    if (secret === null) {
      openid.None()(server, client, body, headers);
      return;
    }
    // OpenID Connect Discovery 1.0, 3: basic where nothing is said.
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const send = methods.includes('client_secret_post') ? openid.ClientSecretPost : openid.ClientSecretBasic;
    send(secret)(server, client, body, headers);
  };

  /** Seconds since 1970. */
  private now(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }
}
