import { expect } from '@jest/globals';
import * as openid from 'openid-client';
import type { PageAnswer, PageBrowser } from './page-browser.js';
import { type Roster } from './roster.js';

export const ISSUER = 'http://localhost:3000';
export const CALLBACK = 'https://app.example.com/callback';

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly id_token: string;
}

/** An application that signs its people in with Roster, by `openid-client`. */
export class Application {
  private constructor(
    readonly roster: Roster,
    readonly clientId: string,
    readonly clientSecret: string | undefined,
    readonly config: openid.Configuration,
  ) {}

  /** Registers it, as an admin does. */
  static async register(roster: Roster, admin: string, input: object = {}): Promise<Application> {
    const wanted = { name: 'Grafana', redirectUris: [CALLBACK], ...input };
    const { body } = await roster.api
      .post('/clients')
      .set({ authorization: `Bearer ${admin}` })
      .send(wanted)
      .expect(201);
    const { clientId, clientSecret } = body as { clientId: string; clientSecret?: string };
    return Application.at(roster, clientId, clientSecret);
  }

  /** The same application, at any server. */
  static async at(roster: Roster, clientId: string, clientSecret?: string): Promise<Application> {
    const config = await openid.discovery(
      new URL(ISSUER),
      clientId,
      undefined,
      clientSecret === undefined ? openid.None() : openid.ClientSecretBasic(clientSecret),
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- the tests' server speaks HTTP
      { [openid.customFetch]: fetchAt(roster), execute: [openid.allowInsecureRequests] },
    );
    return new Application(roster, clientId, clientSecret, config);
  }

  /** The address that begins a sign-in, and what has to be kept for its end. */
  async begin(parameters: Record<string, string> = {}) {
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const expectedState = openid.randomState();
    const url = openid.buildAuthorizationUrl(this.config, {
      redirect_uri: CALLBACK,
      scope: 'openid profile email roles',
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      ...parameters,
    });
    return { path: url.pathname + url.search, checks: { pkceCodeVerifier, expectedState } };
  }

  /** Where the browser of somebody who is signed in comes back, without being asked anything. */
  async comeBack(browser: PageBrowser, parameters: Record<string, string> = {}) {
    const { path, checks } = await this.begin(parameters);
    const answer = await browser.follow(await browser.open(path));
    return { back: backFrom(answer), checks };
  }

  async exchange({ back, checks }: { back: URL; checks: openid.AuthorizationCodeGrantChecks }): Promise<Tokens> {
    return (await openid.authorizationCodeGrant(this.config, back, checks)) as unknown as Tokens;
  }

  /** The whole way, for somebody who is signed in. */
  async tokens(browser: PageBrowser, parameters: Record<string, string> = {}): Promise<Tokens> {
    return this.exchange(await this.comeBack(browser, parameters));
  }

  async refresh(refreshToken: string): Promise<Tokens> {
    return (await openid.refreshTokenGrant(this.config, refreshToken)) as unknown as Tokens;
  }

  /** The raw answer of an endpoint to a form. */
  post(path: string, form: Record<string, string>, roster = this.roster) {
    const sent = roster.api.post(path).type('form');
    return this.clientSecret === undefined
      ? sent.send({ client_id: this.clientId, ...form })
      : sent.auth(this.clientId, this.clientSecret).send(form);
  }

  userinfo(accessToken: string, roster = this.roster) {
    return roster.api.get('/oauth2/userinfo').set('authorization', `Bearer ${accessToken}`);
  }
}

/** Where a browser was sent that left Roster. */
export function backFrom(answer: PageAnswer): URL {
  expect(answer.location ?? answer.text).toMatch(/^https:\/\/app\.example\.com\//);
  return new URL(answer.location ?? '');
}

function fetchAt(roster: Roster): openid.CustomFetch {
  return (url, options) => fetch(url.replace(ISSUER, roster.url), options as RequestInit);
}

/** Signs somebody in on the page. */
export async function signInOnPage(browser: PageBrowser, identifier: string, password: string): Promise<PageAnswer> {
  return browser.submit(await browser.open('/sign-in'), { identifier, password });
}
