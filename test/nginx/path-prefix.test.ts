import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import * as openid from 'openid-client';
import { addPathPrefix } from '../../src/server/path-prefix.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { Nginx } from '../support/nginx.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';

const PUBLIC_URL = 'https://example.com/accounts';

let corp: IdentityProvider;
let roster: Roster;
let nginx: Nginx;
beforeAll(async () => {
  corp = await IdentityProvider.start([`${PUBLIC_URL}/auth/providers/corp/callback`]);
  const providers = { PROVIDERS: 'corp', ...corp.settings('corp'), TRUSTED_EMAIL_PROVIDERS: 'corp' };
  roster = await startRoster({ PUBLIC_URL, PROVIDERS_ALLOW_PRIVATE: 'true', ...providers });
  // It keeps the prefix, as it does everything else of the path.
  nginx = await Nginx.start(new URL(roster.url).host);
});
afterAll(async () => {
  await nginx.stop();
  await roster.stop();
  await corp.stop();
});

const cookies = new Map<string, string>();

/** As a browser does that follows no redirect by itself. */
async function visit(
  path: string,
  form?: Record<string, string>,
  accept = 'text/html',
  more: Record<string, string> = {},
) {
  const answer = await fetch(`http://127.0.0.1:${nginx.port}${path}`, {
    redirect: 'manual',
    headers: {
      accept,
      ...more,
      cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      ...(form && { origin: 'https://example.com', 'sec-fetch-site': 'same-origin' }),
    },
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  });
  const set = answer.headers.getSetCookie();
  for (const cookie of set) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    cookies.set(name, value);
  }
  return { status: answer.status, headers: answer.headers, set, text: await answer.text() };
}

/** Goes where it is led, as far as that is Roster. @returns the page, or the address of somebody else */
async function follow(address: string): Promise<{ at: string; text: string }> {
  for (let at = address, steps = 0; steps < 10; steps++) {
    const url = new URL(at, PUBLIC_URL);
    if (url.host !== 'example.com') return { at, text: '' };
    const { headers, text } = await visit(url.pathname + url.search);
    const onward = headers.get('location');
    if (onward === null) return { at, text };
    at = onward;
  }
  throw new Error(`${address} leads on and on`);
}

/** The paths of a page that a browser could go to. */
const addressesIn = (html: string) => [...html.matchAll(/\s(?:href|src|action)="(\/[^"]*)"/g)].map(([, path]) => path!);

function expectOwn(html: string): void {
  expect(addressesIn(html).length).toBeGreaterThan(0);
  expect(addressesIn(html).filter((path) => !path.startsWith('/accounts/'))).toEqual([]);
}

describe('A server whose PUBLIC_URL has a path, behind nginx', () => {
  it('leads people through sign-up, mail and account below that path', async () => {
    expect((await visit('/accounts/')).headers.get('location')).toBe('/accounts/sign-in');
    const form = await visit('/accounts/sign-up');
    expectOwn(form.text);
    const asked = { email: 'ada@example.com', password: PASSWORD };
    const sent = await visit('/accounts/sign-up', asked);
    expect(sent).toMatchObject({ status: 303 });
    expect(sent.headers.get('location')).toBe('/accounts/sign-up/sent');
    const mail = await roster.inbox.waitFor('ada@example.com');
    const link = /https:\/\/example\.com\/\S+/.exec(mail.text)?.[0] ?? '';
    expect(link).toMatch(/^https:\/\/example\.com\/accounts\/auth\/verify-email\?token=/);
    const page = await visit(link.replace('https://example.com', ''));
    expect(page.status).toBe(200);
    expectOwn(page.text);
    const confirmed = await visit('/accounts/auth/verify-email', { token: new URL(link).searchParams.get('token')! });
    expect(confirmed.status).toBeLessThan(400);
  });

  it('signs in to where somebody wanted to go, with cookies for that path alone', async () => {
    cookies.clear();
    const asked = await visit('/accounts/account/security');
    expect(asked.headers.get('location')).toBe('/accounts/sign-in?continue=%2Faccount%2Fsecurity');
    for (const target of ['/account/security', '/accounts/account/security', `${PUBLIC_URL}/account/security`]) {
      cookies.clear();
      const signIn = { identifier: ADMIN.email, password: ADMIN.password, continue: target };
      const { headers, set } = await visit('/accounts/sign-in', signIn);
      expect(headers.get('location')).toBe('/accounts/sign-in/complete?continue=%2Faccount%2Fsecurity');
      expect((await visit(headers.get('location')!)).headers.get('location')).toBe('/accounts/account/security');
      expect(set.map((cookie) => cookie.split('=', 1)[0])).toContain('__Secure-roster-session');
      for (const cookie of set) expect(cookie).toMatch(/^__Secure-.*; Path=\/accounts;.*; Secure$/);
    }
    const account = await visit('/accounts/account');
    expect(account.status).toBe(200);
    expectOwn(account.text);
  });

  it('names its paths in JSON, headers and the API document with it', async () => {
    const { text, headers } = await visit('/accounts/users?limit=1', undefined, 'application/json');
    const { items, _links } = JSON.parse(text) as { items: { _links: { self: { href: string } } }[]; _links: unknown };
    expect(items[0]?._links.self.href).toMatch(/^\/accounts\/users\/[0-9a-f-]{36}$/);
    expect(JSON.stringify(_links)).toContain('"href":"/accounts/users?');
    expect(headers.get('link')).toMatch(/^<\/accounts\/users\?/);
    const document = await visit('/accounts/docs-json', undefined, 'application/json');
    expect(JSON.parse(document.text)).toMatchObject({ servers: [{ url: '/accounts' }] });
    const next = await visit(items[0]!._links.self.href, undefined, 'application/json');
    expect(next.status).toBe(200);
  });

  it.each(['/accounts/docs', '/accounts/console/people', '/accounts/sign-in'])(
    'serves %s with all that it loads',
    async (path) => {
      const { status, text } = await visit(path);
      expect(status).toBe(200);
      const base = new URL(path, 'http://x');
      const loaded = [...text.matchAll(/<(?:script|link)\b[^>]*\s(?:src|href)="([^"]+)"/g)].map(([, url]) => url!);
      expect(loaded.length).toBeGreaterThan(0);
      for (const url of loaded) {
        const { pathname } = new URL(url, base);
        expect([pathname, pathname.startsWith('/accounts/')]).toEqual([pathname, true]);
        expect([pathname, (await visit(pathname, undefined, '*/*')).status]).toEqual([pathname, 200]);
      }
    },
  );

  it('has its keys and its health there, and its health without it, too, for probes that come past the proxy', async () => {
    expect((await visit('/accounts/.well-known/jwks.json', undefined, '*/*')).status).toBe(200);
    expect((await visit('/accounts/health/ready', undefined, '*/*')).status).toBe(200);
    await roster.api.get('/health/live').expect(200);
    expect((await visit('/accountsx/health/live', undefined, 'application/json')).status).toBe(404);
  });

  it('is a provider for applications there, with its pages and cookies', async () => {
    const { text } = await visit('/accounts/.well-known/openid-configuration', undefined, '*/*');
    const metadata = JSON.parse(text) as Record<string, string>;
    const urls = Object.entries(metadata).filter(([name]) => /_endpoint$|^jwks_uri$|^issuer$/.test(name));
    expect(urls.length).toBeGreaterThan(5);
    expect(urls.filter(([, url]) => !url.startsWith(PUBLIC_URL))).toEqual([]);
    const redirectUri = 'https://app.example.com/callback';
    const created = await roster.api
      .post('/clients')
      .set({ authorization: `Bearer ${await roster.signIn()}` })
      .send({ name: 'App', public: true, redirectUris: [redirectUri] })
      .expect(201);
    const query = new URLSearchParams({
      client_id: (created.body as { clientId: string }).clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    });
    const begun = await visit(`${new URL(metadata['authorization_endpoint']!).pathname}?${query.toString()}`);
    expect(begun.headers.get('location')).toMatch(/^\/accounts\/oauth2\/interaction\//);
    for (const cookie of begun.set) expect(cookie).toMatch(/; path=\/accounts\/oauth2\//);
    const asked = await visit(begun.headers.get('location')!);
    expect(asked.status).toBe(200);
    expectOwn(asked.text);
  });

  it('does not change what somebody has written', async () => {
    const bio = '"href":"/users" href="/users"';
    const authorization = `Bearer ${await roster.signIn()}`;
    await roster.api.patch('/accounts/users/me').set({ authorization }).send({ bio }).expect(200);
    const { body } = await roster.api.get('/accounts/users/me').set({ authorization }).expect(200);
    expect(body).toMatchObject({ bio });
    expectOwn((await visit('/accounts/account/profile')).text);
  });

  it('signs in by a provider, to where somebody wanted to go', async () => {
    cookies.clear();
    const page = await visit('/accounts/sign-in?continue=%2Faccount%2Fsecurity');
    const start = addressesIn(page.text).find((path) => path.includes('/auth/providers/corp/start'));
    corp.person = { sub: 'grace', email: 'grace@example.com', email_verified: true };
    const left = await visit(start!.replaceAll('&amp;', '&').replaceAll('&#x3D;', '='));
    const back = await corp.authorize(left.headers.get('location')!);
    expect(back.origin + back.pathname).toBe(`${PUBLIC_URL}/auth/providers/corp/callback`);
    const crossSite = { 'sec-fetch-site': 'cross-site' };
    const again = await visit(back.pathname + back.search, undefined, 'text/html', crossSite);
    expect(again.status).toBe(200);
    expectOwn(again.text);
    const [, onward = ''] = /^0; url=(\/.*)$/.exec(again.headers.get('refresh') ?? '') ?? [];
    expect(onward).toMatch(/^\/accounts\/auth\/providers\/corp\/callback\?/);
    const returned = await visit(onward);
    expect(returned.headers.get('location')).toBe('/accounts/sign-in/complete?continue=%2Faccount%2Fsecurity');
    expect((await visit(returned.headers.get('location')!)).headers.get('location')).toBe('/accounts/account/security');
    expect((await visit('/accounts/account/security')).status).toBe(200);
    // Another site has led here: the page that asks.
    const asked = await visit('/accounts/auth/providers/corp/start', undefined, 'text/html', crossSite);
    expect(asked.status).toBe(200);
    expectOwn(asked.text);
  });

  it('signs people in to an application there, and tells a proxy who they are', async () => {
    cookies.clear();
    const authorization = `Bearer ${await roster.signIn()}`;
    const redirectUri = 'https://app.example.com/callback';
    const { body } = await roster.api
      .post('/clients')
      .set({ authorization })
      .send({ name: 'App', public: true, firstParty: true, redirectUris: [redirectUri] })
      .expect(201);
    const byNginx: openid.CustomFetch = (url, options) =>
      fetch(url.replace('https://example.com', `http://127.0.0.1:${nginx.port}`), options as RequestInit);
    const { clientId } = body as { clientId: string };
    const options = { [openid.customFetch]: byNginx };
    const config = await openid.discovery(new URL(PUBLIC_URL), clientId, undefined, openid.None(), options);
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const expectedState = openid.randomState();
    const begin = openid.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid profile',
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
    });
    const page = await follow(begin.href);
    expect(page.at).toMatch(/^\/accounts\/sign-in\?continue=/);
    const goesOn = new URLSearchParams(page.at.split('?')[1]).get('continue')!;
    const entered = { identifier: ADMIN.email, password: ADMIN.password, continue: goesOn };
    const signedIn = await visit('/accounts/sign-in', entered);
    const back = await follow(signedIn.headers.get('location')!);
    expect(back.at).toMatch(/^https:\/\/app\.example\.com\/callback\?code=/);
    const tokens = await openid.authorizationCodeGrant(config, new URL(back.at), { pkceCodeVerifier, expectedState });
    const claims = tokens.claims()!;
    expect(claims).toMatchObject({ iss: PUBLIC_URL, aud: clientId });
    expect(await openid.fetchUserInfo(config, tokens.access_token, claims.sub)).toMatchObject({ sub: claims.sub });

    // As a proxy asks in front of another application, with the cookie of that browser.
    const verified = await visit('/accounts/auth/verify', undefined, '*/*');
    expect([verified.status, verified.headers.get('x-auth-user')]).toEqual([204, claims.sub]);
    cookies.clear();
    expect((await visit('/accounts/auth/verify', undefined, '*/*')).status).toBe(401);
  });
});

it('A path prefix that is one of the paths of Roster is refused', () => {
  const server = fastify();
  addPathPrefix(server, 'https://example.com/users/of/ours');
  expect(() => server.get('/users/:id', () => '')).toThrow("PUBLIC_URL: /users is a path of Roster's own (/users/:id)");
});
