import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PageBrowser } from '../support/page-browser.js';
import { sessionOf } from '../support/provider-round.js';
import { type Roster, startRoster } from '../support/roster.js';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const { n, e } = privateKey.export({ format: 'jwk' });
const KEYS = { keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256', kid: 'k', n, e }] };

/** GitHub and LinkedIn as their documentation says that they answer, with what is odd about them. */
class StandIn {
  user: Record<string, unknown> = {};
  emails: unknown = [];
  claims: Record<string, unknown> = {};
  /** Of the last request for an authorization. */
  asked = new URLSearchParams();
  /** What the token endpoint got last. */
  sent = new URLSearchParams();
  private readonly server = createServer((request, response) => void this.answer(request, response));

  async start(): Promise<void> {
    this.server.unref().listen(0, '127.0.0.1');
    await new Promise((resolve) => this.server.once('listening', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<ServerResponse> {
    const { pathname } = new URL(request.url ?? '', this.url);
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const json = (value: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
    const isAllowed =
      request.headers.authorization === 'Bearer gho_token' && request.headers['user-agent'] !== undefined;
    switch (pathname) {
      case '/login/oauth/access_token':
        this.sent = new URLSearchParams(body);
        // With status 200 for errors, too.
        return json(
          this.sent.get('code') === 'good' && this.provesPkce() ? GITHUB_TOKEN : { error: 'bad_verification_code' },
        );
      case '/api/v3/user':
        return json(isAllowed ? this.user : { message: 'Bad credentials' }, isAllowed ? 200 : 401);
      case '/api/v3/user/emails':
        return json(this.emails, Array.isArray(this.emails) ? 200 : 404);
      case '/oauth/.well-known/openid-configuration':
        return json({
          issuer: `${this.url}/oauth`,
          authorization_endpoint: `${this.url}/oauth/v2/authorization`,
          token_endpoint: `${this.url}/oauth/v2/accessToken`,
          userinfo_endpoint: `${this.url}/v2/userinfo`,
          jwks_uri: `${this.url}/oauth/openid/jwks`,
          response_types_supported: ['code'],
          subject_types_supported: ['pairwise'],
          id_token_signing_alg_values_supported: ['RS256'],
          token_endpoint_auth_methods_supported: ['client_secret_post'],
        });
      case '/oauth/openid/jwks':
        return json(KEYS);
      case '/oauth/v2/accessToken':
        this.sent = new URLSearchParams(body);
        // LinkedIn refuses what it does not expect.
        if (this.sent.has('code_verifier')) return json({ error: 'invalid_client' }, 401);
        return json({
          access_token: 'AQX',
          expires_in: 5183999,
          token_type: 'Bearer',
          scope: 'email,openid,profile',
          id_token: this.idToken(),
        });
      case '/v2/userinfo':
        return json(this.claims);
      default:
        return json({ message: 'Not Found' }, 404);
    }
  }

  private provesPkce(): boolean {
    const challenge = createHash('sha256')
      .update(this.sent.get('code_verifier') ?? '')
      .digest('base64url');
    return this.asked.get('code_challenge') === challenge && this.asked.get('code_challenge_method') === 'S256';
  }

  /** Without a nonce. */
  private idToken(): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: `${this.url}/oauth`, aud: 'linkedin-client', iat: now, exp: now + 3600, ...this.claims };
    const content = [{ alg: 'RS256', kid: 'k', typ: 'JWT' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${content}.${sign('sha256', Buffer.from(content), privateKey).toString('base64url')}`;
  }
}

const GITHUB_TOKEN = { access_token: 'gho_token', scope: 'read:user,user:email', token_type: 'bearer' };

let roster: Roster;
const standIn = new StandIn();
beforeAll(async () => {
  await standIn.start();
  roster = await startRoster({
    PROVIDERS: 'github,linkedin',
    GITHUB_CLIENT_ID: 'github-client',
    GITHUB_CLIENT_SECRET: 'github-secret',
    GITHUB_URL: standIn.url,
    LINKEDIN_CLIENT_ID: 'linkedin-client',
    LINKEDIN_CLIENT_SECRET: 'linkedin-secret',
    LINKEDIN_ISSUER: `${standIn.url}/oauth`,
    TRUSTED_EMAIL_PROVIDERS: 'github,linkedin',
  });
});
afterAll(async () => {
  await roster.stop();
  standIn.stop();
});

async function signIn(id: 'github' | 'linkedin', code = 'good', browser = new PageBrowser(roster)) {
  const start = await browser.open(`/auth/providers/${id}/start`);
  const asked = new URL(start.location ?? '');
  standIn.asked = asked.searchParams;
  const state = asked.searchParams.get('state') ?? '';
  const answer = await browser.open(
    `/auth/providers/${id}/callback?${new URLSearchParams({ code, state }).toString()}`,
  );
  return { asked, browser, location: answer.location };
}

describe('GitHub', () => {
  beforeEach(() => {
    standIn.user = {
      id: 583231,
      login: 'octocat',
      name: 'Mona Lisa Octocat',
      html_url: 'https://github.com/octocat',
      email: 'shown@example.com',
    };
    standIn.emails = [
      { email: 'octocat@users.noreply.github.com', primary: false, verified: true },
      { email: 'mona@example.com', primary: true, verified: true },
    ];
  });

  it('is asked for the addresses, with PKCE, and its primary and verified one counts', async () => {
    const { asked, browser, location } = await signIn('github');
    expect(asked.origin + asked.pathname).toBe(`${standIn.url}/login/oauth/authorize`);
    expect(asked.searchParams.get('scope')).toBe('read:user user:email');
    expect(standIn.sent.get('client_secret')).toBe('github-secret');
    expect(location).toBe('/sign-in/complete');
    const { user } = await sessionOf(roster, browser);
    // The empty URL of the profile is filled.
    expect(user).toMatchObject({
      email: 'mona@example.com',
      firstName: 'Mona',
      lastName: 'Lisa Octocat',
      githubUrl: 'https://github.com/octocat',
    });
  });

  it('knows people by their number, since names of accounts are given to others', async () => {
    const first = await sessionOf(roster, (await signIn('github')).browser);
    standIn.user = { ...standIn.user, login: 'mona', html_url: 'https://github.com/mona' };
    standIn.emails = [{ email: 'new@example.com', primary: true, verified: true }];
    const second = await sessionOf(roster, (await signIn('github')).browser);
    expect(second.user).toMatchObject({ id: first.user.id, githubUrl: 'https://github.com/octocat' });
  });

  it('proves no address that is not verified, and tells none that the person does not share', async () => {
    standIn.user = { ...standIn.user, id: 2 };
    standIn.emails = [{ email: 'unverified@example.com', primary: true, verified: false }];
    expect((await signIn('github')).location).toBe('/sign-up/sent');
    standIn.user = { ...standIn.user, id: 3 };
    standIn.emails = { message: 'Not Found' };
    expect((await signIn('github')).location).toBe('/sign-in?provider=github&problem=no-address');
  });

  it('answers a bad code with 200 and an error, which signs nobody in', async () => {
    expect((await signIn('github', 'bad')).location).toBe('/sign-in?provider=github&problem=failed');
  });
});

describe('LinkedIn', () => {
  it('gets neither PKCE nor a nonce, and its address without email_verified is no proof', async () => {
    standIn.claims = {
      sub: '782bbtaQ',
      name: 'Ada Lovelace',
      given_name: 'Ada',
      family_name: 'Lovelace',
      email: 'ada@example.com',
    };
    const { asked, location } = await signIn('linkedin');
    expect([...asked.searchParams.keys()].sort()).toEqual([
      'client_id',
      'redirect_uri',
      'response_type',
      'scope',
      'state',
    ]);
    expect(location).toBe('/sign-up/sent');
  });

  it('proves an address that it says is verified', async () => {
    standIn.claims = { sub: '991', name: 'Bea', email: 'bea@example.com', email_verified: true };
    const { browser, location } = await signIn('linkedin');
    expect(location).toBe('/sign-in/complete');
    expect((await sessionOf(roster, browser)).user).toMatchObject({ email: 'bea@example.com', emailVerified: true });
  });
});
