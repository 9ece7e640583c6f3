import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Application, backFrom, CALLBACK, signInOnPage, type Tokens } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const OWN = 'com.example.app:/callback';
const LOOPBACK = 'http://127.0.0.1:8123/callback';
const PAGE = 'https://app.example.com';
const STRANGER = 'https://evil.example';
const LISTED = 'https://own.example.com';

let roster: Roster;
let admin: string;
let app: Application;
let browser: PageBrowser;
beforeAll(async () => {
  roster = await startRoster({ CORS_ORIGINS: LISTED });
  admin = await roster.signIn();
  app = await Application.register(roster, admin, {
    ...{ name: 'App', public: true, firstParty: true },
    redirectUris: [CALLBACK, OWN, LOOPBACK],
  });
  await roster.join('ada@example.com');
  browser = new PageBrowser(roster);
  await signInOnPage(browser, 'ada@example.com', PASSWORD);
});
afterAll(() => roster.stop());

describe('an application on the device of its user', () => {
  it.each([OWN, LOOPBACK])(
    'at %s is answered only after its user was asked, each time (RFC 8252, 8.6)',
    async (redirect_uri) => {
      for (const _ of ['the first time', 'and again']) {
        const { path, checks } = await app.begin({ redirect_uri });
        const page = await browser.follow(await browser.open(path));
        expect(page.text).toContain('Sign in to <bdi>App</bdi>?');
        const { location = '' } = await browser.submit(page, {}, 'Allow');
        expect(location.startsWith(redirect_uri)).toBe(true);
        const tokens = await app.exchange({ back: new URL(location), checks });
        await app.userinfo(tokens.access_token).expect(200);
      }
    },
  );

  it('gets an error with prompt=none, and no code', async () => {
    const { path } = await app.begin({ redirect_uri: OWN, prompt: 'none' });
    const { location = '' } = await browser.open(path);
    expect(new URL(location).searchParams.get('error')).toBe('interaction_required');
    expect(location).not.toContain('code=');
  });

  it('is not asked about where nobody else can be: at an address of the web, or with a secret', async () => {
    await app.tokens(browser);
    const redirectUris = [LOOPBACK];
    const tool = await Application.register(roster, admin, { name: 'Tool', firstParty: true, redirectUris });
    const { path } = await tool.begin({ redirect_uri: LOOPBACK });
    expect((await browser.open(path)).location).toContain(`${LOOPBACK}?code=`);
  });
});

describe('a page of an application', () => {
  const headersOf = (answer: { headers: unknown }) => answer.headers as Record<string, string | undefined>;
  const preflight = (path: string, origin: string, headers = 'authorization') =>
    roster.api
      .options(path)
      .set({ origin, 'access-control-request-method': 'POST', 'access-control-request-headers': headers });
  const allowedTo = (answer: { headers: unknown }) => headersOf(answer)['access-control-allow-origin'];

  it.each(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/.well-known/jwks.json'])(
    'reads %s from any origin, without cookies',
    async (path) => {
      const answer = await roster.api.get(path).set('origin', STRANGER).expect(200);
      expect(['*', STRANGER]).toContain(allowedTo(answer));
      expect(headersOf(answer)['access-control-allow-credentials']).toBeUndefined();
    },
  );

  it.each(['/oauth2/token', '/oauth2/userinfo', '/oauth2/revoke', '/oauth2/par'])(
    'asks beforehand for %s, with CORS_ORIGINS set for others',
    async (path) => {
      const answer = await preflight(path, PAGE).expect(204);
      expect(allowedTo(answer)).toBe(PAGE);
      expect(headersOf(answer)['access-control-allow-headers']).toMatch(/authorization/i);
      expect(headersOf(answer)['access-control-allow-credentials']).toBeUndefined();
    },
  );

  it('may read the answers for its own client at the origin of a redirect URI, and at no other', async () => {
    const { back, checks } = await app.comeBack(browser);
    const form = {
      ...{ grant_type: 'authorization_code', redirect_uri: CALLBACK },
      ...{ code: back.searchParams.get('code') ?? '', code_verifier: checks.pkceCodeVerifier },
    };
    for (const origin of [STRANGER, LISTED, `${PAGE}.evil.example`, 'null']) {
      const refused = await app.post('/oauth2/token', form).set('origin', origin).expect(400);
      expect(allowedTo(refused)).toBeUndefined();
      expect(JSON.stringify(refused.body)).not.toContain('token"');
    }
    const answer = await app.post('/oauth2/token', form).set('origin', PAGE).expect(200);
    expect(allowedTo(answer)).toBe(PAGE);
    const { access_token } = answer.body as Tokens;
    expect(allowedTo(await app.userinfo(access_token).set('origin', PAGE).expect(200))).toBe(PAGE);
    const foreign = await app.userinfo(access_token).set('origin', STRANGER);
    expect([foreign.status, allowedTo(foreign)]).toEqual([400, undefined]);
    // A page of an origin in CORS_ORIGINS may call the API as before.
    expect(allowedTo(await preflight('/users', LISTED).expect(204))).toBe(LISTED);
    backFrom(await browser.open((await app.begin()).path));
  });
});
