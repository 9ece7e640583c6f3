import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Application, backFrom, CALLBACK, signInOnPage, type Tokens } from '../support/openid.js';
import { eventually } from '../support/eventually.js';
import { PageBrowser } from '../support/page-browser.js';
import { as } from '../support/two-rosters.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const AFTER = 'https://app.example.com/signed-out';
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

let roster: Roster;
let admin: string;
let grafana: Application;
let foreign: Application;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  const uris = { postLogoutRedirectUris: [AFTER] };
  const grantTypes = ['authorization_code', 'refresh_token', DEVICE_CODE];
  grafana = await Application.register(roster, admin, { firstParty: true, ...uris });
  foreign = await Application.register(roster, admin, { name: 'Foreign <b>', ...uris, grantTypes });
  await roster.join('ada@example.com');
  await roster.join('eve@example.com');
});
afterAll(() => roster.stop());

/** The browser of somebody who is signed in. */
async function browserOf(name: string): Promise<PageBrowser> {
  const browser = new PageBrowser(roster);
  await signInOnPage(browser, `${name}@example.com`, PASSWORD);
  return browser;
}

const errorIn = (location: string | undefined) => new URL(location ?? '', 'http://x').searchParams.get('error');

describe('consent', () => {
  it('is asked for once: the page says who asks for what, and what was allowed is remembered in the next session', async () => {
    const browser = await browserOf('ada');
    const { path, checks } = await foreign.begin();
    const page = await browser.follow(await browser.open(path));
    expect(page.status).toBe(200);
    expect(page.text).toContain('Foreign &lt;b&gt;');
    for (const word of ['your email address', 'your role here', 'app.example.com', 'ada@example.com']) {
      expect(page.text).toContain(word);
    }
    expect(page.headers['content-security-policy']).toContain("form-action https://app.example.com 'self'");
    const back = backFrom(await browser.submit(page, {}, 'Allow'));
    const tokens = await foreign.exchange({ back, checks });
    await foreign.userinfo(tokens.access_token).expect(200);
    await foreign.tokens(browser);
    await foreign.tokens(await browserOf('ada'));
    // More than was allowed is asked for.
    const more = await foreign.begin({ scope: 'openid profile email roles phone' });
    expect((await browser.follow(await browser.open(more.path))).text).toContain('your phone number');
  });

  it('names the services that the application wants to reach, and is asked for anew with another', async () => {
    const resources = ['https://billing.example.com', 'https://stock.example.com/'];
    const shop = await Application.register(roster, admin, { name: 'Shop', resources });
    for (const resource of resources) {
      const browser = await browserOf('ada');
      const page = await browser.follow(await browser.open((await shop.begin({ resource })).path));
      expect(page.text).toContain(`access to <bdi>${resource}</bdi> on your behalf`);
      backFrom(await browser.submit(page, {}, 'Allow'));
      await shop.comeBack(await browserOf('ada'), { resource });
    }
  });

  it('is asked for by an application that is no longer of the own organisation, and its tokens end', async () => {
    const shop = await Application.register(roster, admin, { name: 'Shop', firstParty: true });
    const browser = await browserOf('ada');
    const { access_token } = await shop.tokens(browser);
    const patch = (body: object) => roster.api.patch(`/clients/${shop.clientId}`).set(as(admin)).send(body).expect(200);
    await patch({ firstParty: false });
    await shop.userinfo(access_token).expect(401);
    const page = await browser.follow(await browser.open((await shop.begin()).path));
    backFrom(await browser.submit(page, {}, 'Allow'));
    const { access_token: next } = await shop.tokens(browser);
    await patch({ name: 'Store' });
    await shop.userinfo(next).expect(200);
    await patch({ scopes: ['openid', 'profile'] });
    await shop.userinfo(next).expect(401);
    await shop.tokens(browser, { scope: 'openid profile' });
  });

  it('is asked of the person who has signed in since, not of the one before', async () => {
    const browser = await browserOf('eve');
    const page = await browser.follow(await browser.open((await foreign.begin({ scope: 'openid phone' })).path));
    expect(page.text).toContain('eve@example.com');
    const { id } = await roster.join('joe@example.com');
    const form = await browser.open('/sign-in?another=yes');
    await browser.submit(form, { identifier: 'joe@example.com', password: PASSWORD });
    const own = await browser.submit(page, {}, 'Allow');
    expect(own.text).toContain('joe@example.com');
    backFrom(await browser.submit(own, {}, 'Allow'));
    const grants = await roster.api.get(`/users/${id}/grants`).set(as(admin)).expect(200);
    expect((grants.body as { items: object[] }).items).toHaveLength(1);
  });

  it('is refused with an error that the application understands', async () => {
    const browser = await browserOf('eve');
    const page = await browser.follow(await browser.open((await foreign.begin()).path));
    expect(errorIn((await browser.submit(page, {}, 'Do not allow')).location)).toBe('access_denied');
  });

  it('is asked in German, and for a form of another site, another browser or another person is worth nothing', async () => {
    const browser = await browserOf('eve');
    browser.headers = { 'accept-language': 'de' };
    const page = await browser.follow(await browser.open((await foreign.begin()).path));
    expect(page.text).toContain('anmelden?');
    const action = /action="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect((await browser.post(action, { answer: 'yes' }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    const other = await browserOf('ada');
    expect((await other.post(action, { answer: 'yes' })).status).toBe(410);
    other.cookies.set('roster-interaction', browser.cookies.get('roster-interaction') ?? '');
    expect((await other.post(action, { answer: 'yes' })).location).toBe(action);
  });
});

describe('the request of an application', () => {
  const prompt = async (browser: PageBrowser, parameters: Record<string, string>, application = grafana) =>
    browser.follow(await browser.open((await application.begin(parameters)).path));

  it('leads from the page to sign in to the application, which the policy of that page alone allows', async () => {
    const browser = new PageBrowser(roster);
    const page = await prompt(browser, { login_hint: 'ada@example.com' });
    expect(page.text).toContain('value="ada@example.com"');
    expect(page.headers['content-security-policy']).toContain("form-action https://app.example.com 'self'");
    const plain = await browser.open('/sign-in');
    expect(plain.headers['content-security-policy']).toContain("form-action 'self'");
    backFrom(await browser.submit(page, { identifier: 'ada@example.com', password: PASSWORD }));
  });

  it('with prompt=none is answered without a page, or by an error', async () => {
    expect(errorIn((await prompt(new PageBrowser(roster), { prompt: 'none' })).location)).toBe('login_required');
    const eve = await browserOf('eve');
    backFrom(await prompt(eve, { prompt: 'none' }));
    expect(errorIn((await prompt(eve, { prompt: 'none' }, foreign)).location)).toBe('consent_required');
  });

  it.each<[string, Record<string, string>]>([
    ['prompt=login', { prompt: 'login' }],
    ['max_age', { max_age: '1' }],
  ])('with %s asks for a fresh proof, and keeps the session and what hangs on it', async (_, parameters) => {
    const browser = await browserOf('ada');
    const before = await grafana.tokens(browser);
    await roster.database.query("UPDATE sessions SET authenticated_at = now() - interval '5 minutes'");
    const round = await grafana.begin(parameters);
    // What the server remembers of the session is a moment older.
    let page = await browser.open('/account');
    await eventually(async () => {
      page = await browser.follow(await browser.open(round.path));
      return page.path.startsWith('/account/confirm?again=yes');
    });
    const back = backFrom(await browser.submit(page, { password: PASSWORD }));
    await grafana.exchange({ back, checks: { ...round.checks, maxAge: 60 } });
    await grafana.userinfo(before.access_token).expect(200);
  });

  it('with prompt=select_account asks which account, and leads to another', async () => {
    const browser = await browserOf('ada');
    const page = await prompt(browser, { prompt: 'select_account' });
    expect(page.text).toContain('Continue as');
    const another = /href="([^"]+)">Use another account/.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
    const form = await browser.open((another ?? '').replaceAll('&#x3D;', '='));
    const back = await browser.submit(form, { identifier: 'eve@example.com', password: PASSWORD });
    backFrom(back);
    backFrom(await browser.submit(await prompt(browser, { prompt: 'select_account' })));
  });

  it.each<[string, Record<string, string>]>([
    ['a trailing dot', { redirect_uri: 'https://app.example.com./callback' }],
    ['another path', { redirect_uri: `${CALLBACK}/evil` }],
    ['a query', { redirect_uri: `${CALLBACK}?x=1` }],
    ['a fragment', { redirect_uri: `${CALLBACK}#x` }],
    ['capital letters', { redirect_uri: 'https://APP.example.com/callback' }],
    ['another scheme', { redirect_uri: 'http://app.example.com/callback' }],
    ['a user', { redirect_uri: 'https://app.example.com@evil.example/callback' }],
    ['no redirect URI', { redirect_uri: '' }],
    ['an unknown client', { client_id: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' }],
  ])('with %s leads nowhere, and a page says so', async (_, parameters) => {
    const page = await prompt(await browserOf('ada'), parameters);
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect(page.text).toContain('This request cannot be answered');
    expect(page.headers['x-trace-id']).toBeDefined();
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  });

  it.each<[string, Record<string, string>, string]>([
    ['no code challenge', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
    ['no method of the challenge', { code_challenge_method: '' }, 'invalid_request'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['the implicit grant', { response_type: 'token' }, 'unsupported_response_type'],
    ['a hybrid one', { response_type: 'code id_token', nonce: 'x' }, 'unsupported_response_type'],
  ])('with %s is refused', async (_, parameters, error) => {
    const page = await prompt(await browserOf('ada'), parameters);
    const { hash, searchParams } = new URL(page.location ?? 'http://x');
    expect(searchParams.get('error') ?? new URLSearchParams(hash.slice(1)).get('error')).toBe(error);
  });

  it('may be pushed beforehand, and be answered by a form whose page may send it there', async () => {
    const browser = await browserOf('ada');
    const { path } = await grafana.begin({ response_mode: 'form_post' });
    const { body } = await grafana
      .post('/oauth2/par', Object.fromEntries(new URL(path, 'http://x').searchParams))
      .expect(201);
    const query = new URLSearchParams({
      client_id: grafana.clientId,
      request_uri: (body as { request_uri: string }).request_uri,
    });
    const page = await browser.open(`/oauth2/authorize?${query.toString()}`);
    expect(page.text).toMatch(/<form method="post" action="https:\/\/app\.example\.com\/callback">/);
    expect(page.headers['content-security-policy']).toContain('form-action https://app.example.com');
    expect(page.headers['content-security-policy']).toMatch(/script-src[^;]*'sha256-/);
    expect((await browser.open(`/oauth2/authorize?${query.toString()}`)).status).toBe(400);
  });
});

describe('a device', () => {
  const begin = async () =>
    (await foreign.post('/oauth2/device-authorization', { scope: 'openid profile' }).expect(200)).body as {
      device_code: string;
      user_code: string;
      verification_uri_complete: string;
    };
  const poll = (device_code: string) => foreign.post('/oauth2/token', { grant_type: DEVICE_CODE, device_code });

  it('is connected by its code, which somebody enters and confirms', async () => {
    const { device_code, user_code, verification_uri_complete } = await begin();
    await poll(device_code).expect(400, /authorization_pending/);
    const { pathname, search } = new URL(verification_uri_complete);
    const browser = new PageBrowser(roster);
    const signIn = await browser.follow(await browser.open(pathname + search));
    const enter = await browser.submit(signIn, { identifier: 'ada@example.com', password: PASSWORD });
    expect(enter.text).toContain(`value="${user_code}"`);
    await poll(device_code).expect(400, /authorization_pending/);
    const confirm = await browser.submit(enter);
    expect(confirm.text).toContain(`<code>${user_code}</code>`);
    expect(confirm.text).toContain('Foreign &lt;b&gt;');
    expect((await browser.submit(confirm, {}, 'Connect')).text).toContain('Your device is connected');
    const { body } = await poll(device_code).expect(200);
    await foreign.userinfo((body as Tokens).access_token).expect(200);
    await poll(device_code).expect(400, /invalid_grant/);
    expect((await browser.post('/oauth2/device', { userCode: user_code })).status).toBe(400);
    await browser.post('/sign-out');
    await foreign.userinfo((body as Tokens).access_token).expect(401);
  });

  it('is told when somebody refuses, and a wrong code is one', async () => {
    const { device_code, user_code } = await begin();
    const browser = await browserOf('ada');
    expect((await browser.post('/oauth2/device', { userCode: 'BCDF-GHJK' })).text).toContain('This code is wrong');
    const confirm = await browser.post('/oauth2/device', { userCode: user_code.toLowerCase().replace('-', '') });
    expect((await browser.submit(confirm, {}, 'Do not connect')).text).toContain('was not connected');
    await poll(device_code).expect(400, /access_denied/);
  });
});

describe('an application that signs people out', () => {
  const logout = (parameters: Record<string, string>) => `/oauth2/logout?${new URLSearchParams(parameters).toString()}`;

  it('sends them with its id_token, and gets them back signed out everywhere', async () => {
    const browser = await browserOf('ada');
    const { id_token, access_token } = await grafana.tokens(browser);
    const answer = await browser.open(
      logout({ id_token_hint: id_token, post_logout_redirect_uri: AFTER, state: 'abc' }),
    );
    expect(answer.location).toBe(`${AFTER}?state=abc`);
    await grafana.userinfo(access_token).expect(401);
    expect((await browser.open('/account')).location).toMatch(/^\/sign-in/);
  });

  it('has to have them asked without it, and leads to no other address than its own', async () => {
    const browser = await browserOf('ada');
    const { access_token } = await grafana.tokens(browser);
    const own = { client_id: grafana.clientId, post_logout_redirect_uri: AFTER };
    const page = await browser.open(logout(own));
    expect(page.text).toContain('Sign out?');
    await grafana.userinfo(access_token).expect(200);
    for (const uri of [`${AFTER}/`, 'https://evil.example/', `${AFTER}.`]) {
      expect((await browser.open(logout({ ...own, post_logout_redirect_uri: uri }))).status).toBe(400);
    }
    const of = await (await browserOf('eve')).open(logout({ id_token_hint: 'a.b.c', ...own }));
    expect(of.text).toContain('Sign out?');
    expect((await browser.submit(page, {}, 'Sign out')).location).toBe(AFTER);
    await grafana.userinfo(access_token).expect(401);
    expect((await browser.open(logout({}))).text).toContain('You are signed out');
  });
});
