import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Clock } from '../../src/config/clock.js';
import { eventually } from '../support/eventually.js';
import { Application, backFrom, signInOnPage } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const AFTER = 'https://app.example.com/signed-out';
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

let roster: Roster;
let grafana: Application;
beforeAll(async () => {
  roster = await startRoster();
  grafana = await Application.register(roster, await roster.signIn(), {
    firstParty: true,
    postLogoutRedirectUris: [AFTER],
    grantTypes: ['authorization_code', 'refresh_token', DEVICE_CODE],
  });
  await roster.join('ada@example.com');
  await roster.join('eva@example.com', { locale: 'en' });
});
afterEach(() => void jest.restoreAllMocks());
afterAll(() => roster.stop());

async function browserOf(name: string): Promise<PageBrowser> {
  const browser = new PageBrowser(roster);
  await signInOnPage(browser, `${name}@example.com`, PASSWORD);
  return browser;
}

describe('what is kept of a request', () => {
  const rows = async () =>
    (await roster.database.query<{ n: number }>('SELECT count(*)::int AS n FROM openid_artifacts'))[0]?.n;

  it.each<[string, Record<string, string>, RegExp]>([
    ['state', { state: 'x'.repeat(4001) }, /The parameter &quot;state&quot; must have at most 4000 characters/],
    ['nonce', { nonce: 'x'.repeat(1001) }, /&quot;nonce&quot; must have at most 1000/],
    ['claims', { claims: 'x'.repeat(1001) }, /&quot;claims&quot; must have at most 1000/],
    ['request', { request: 'x'.repeat(1001) }, /&quot;request&quot; must have at most 1000/],
    ['a parameter of any name', { [`x${'y'.repeat(300)}`]: 'x'.repeat(1001) }, /must have at most 1000/],
  ])('is bounded: a longer %s is refused by a page, and nothing is kept', async (_, parameters, message) => {
    const before = await rows();
    const page = await new PageBrowser(roster).open((await grafana.begin(parameters)).path);
    expect([page.status, page.headers['content-type']]).toEqual([400, 'text/html; charset=utf-8']);
    expect(page.text).toMatch(message);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(await rows()).toBe(before);
  });

  it('is bounded in what is pushed, each and all together, and in what a device asks', async () => {
    const { path } = await grafana.begin();
    const form = Object.fromEntries(new URL(path, 'http://x').searchParams);
    const before = await rows();
    await grafana.post('/oauth2/par', { ...form, state: 'x'.repeat(4001) }).expect(400, /invalid_request.*state/);
    const many = Object.fromEntries(Array.from({ length: 20 }, (__, index) => [`p${index}`, 'x'.repeat(900)]));
    await grafana.post('/oauth2/par', { ...form, ...many }).expect(400, /All parameters together/);
    await grafana.post('/oauth2/device-authorization', { scope: 'x'.repeat(1001) }).expect(400, /scope.*1000/);
    expect(await rows()).toBe(before);
    const state = 'x'.repeat(4000);
    const back = backFrom(await (await browserOf('ada')).open((await grafana.begin({ state })).path));
    expect(back.searchParams.get('state')).toBe(state);
  });
});

describe('an endpoint of the protocol', () => {
  it.each<[string, string, RegExp]>([
    ['a repeated parameter', 'grant_type=refresh_token&grant_type=refresh_token', /repeats a field/],
    ['bytes that are not UTF-8', 'grant_type=%ff', /UTF-8/],
  ])('answers as OAuth does what is refused before it: %s', async (_, body, description) => {
    const sent = roster.api.post('/oauth2/token').set('content-type', 'application/x-www-form-urlencoded').send(body);
    const answer = await sent.expect(400).expect('content-type', /^application\/json/);
    expect(answer.body).toEqual({
      error: 'invalid_request',
      error_description: expect.stringMatching(description) as unknown,
    });
    expect(answer.headers['cache-control']).toContain('no-store');
  });
});

describe('a logout that an application posts', () => {
  const post = (browser: PageBrowser, form: Record<string, string>) =>
    // From a page of another site, browsers send no cookie.
    new PageBrowser(roster).post('/oauth2/logout', form, { 'sec-fetch-site': 'cross-site' }).then((answer) => {
      expect(answer.status).toBe(303);
      return browser.follow(answer);
    });

  it('signs out, and nothing of what was posted is in an address', async () => {
    const browser = await browserOf('ada');
    const { id_token, access_token } = await grafana.tokens(browser);
    const form = { id_token_hint: id_token, post_logout_redirect_uri: AFTER, state: 'a b&c' };
    const handed = await new PageBrowser(roster).post('/oauth2/logout', form, { 'sec-fetch-site': 'cross-site' });
    for (const secret of [...id_token.split('.'), 'a b', 'app.example.com', grafana.clientId]) {
      expect(decodeURIComponent(handed.location ?? '')).not.toContain(secret);
    }
    // In the browser of somebody else it signs nobody out unasked.
    const other = await browserOf('ada');
    expect((await other.follow(handed)).text).toContain('Sign out?');
    expect((await browser.follow(handed)).location).toBe(`${AFTER}?state=a+b%26c`);
    await grafana.userinfo(access_token).expect(401);
  });

  it('is worth nothing after five minutes, or changed', async () => {
    const browser = await browserOf('ada');
    const { id_token } = await grafana.tokens(browser);
    const handed = await browser.post('/oauth2/logout', { id_token_hint: id_token }, {});
    const address = handed.location ?? '';
    const changed = await browser.open(`${address.slice(0, -2)}${address.endsWith('AA') ? 'BB' : 'AA'}`);
    expect(changed.text).toContain('Sign out?');
    jest
      .spyOn(roster.app.get(Clock, { strict: false }), 'now')
      .mockImplementation(() => new Date(Date.now() + 301_000));
    expect((await browser.open(address)).text).toContain('Sign out?');
    jest.restoreAllMocks();
    expect((await browser.open(address)).text).toContain('You are signed out');
  });

  it('says on a page that it leads to a foreign address', async () => {
    const browser = await browserOf('ada');
    const page = await post(browser, { client_id: grafana.clientId, post_logout_redirect_uri: `${AFTER}/` });
    expect([page.status, page.headers['content-type']]).toEqual([400, 'text/html; charset=utf-8']);
    expect((await browser.open('/account')).status).toBe(200);
  });

  it('without a genuine id_token asks first: unsigned, or of another signature', async () => {
    const browser = await browserOf('ada');
    const { id_token, access_token } = await grafana.tokens(browser);
    const [header = '', payload = '', signature = ''] = id_token.split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    for (const hint of [`${none}.${payload}.`, `${none}.${payload}.${signature}`, `${header}.${payload}.AAAA`]) {
      const own = { id_token_hint: hint, client_id: grafana.clientId, post_logout_redirect_uri: AFTER };
      expect((await post(browser, own)).text).toContain('Sign out?');
      const query = new URLSearchParams(own).toString();
      expect((await browser.open(`/oauth2/logout?${query}`)).text).toContain('Sign out?');
    }
    await grafana.userinfo(access_token).expect(200);
  });
});

describe('the request of an application', () => {
  const open = async (browser: PageBrowser, parameters: Record<string, string>) =>
    browser.follow(await browser.open((await grafana.begin(parameters)).path));

  it('names the language of the pages, before that of the browser and after that of the user', async () => {
    const stranger = new PageBrowser(roster);
    expect((await open(stranger, { ui_locales: 'xx de-AT en' })).text).toContain('<html lang="de');
    expect((await open(stranger, { ui_locales: 'zz-not-a-tag-at-all-xxxxxxxxxxx' })).text).toContain('<html lang="en"');
    const ada = await browserOf('ada');
    const asked = { prompt: 'select_account', ui_locales: 'de' };
    expect((await open(ada, asked)).text).toContain('<html lang="de');
    expect((await open(await browserOf('eva'), asked)).text).toContain('<html lang="en"');
    expect((await ada.open('/oauth2/logout?ui_locales=de')).text).toContain('<html lang="de');
  });

  it('may be a form, of a page to which browsers send no cookie, and its parameters stand in no address', async () => {
    const { path, checks } = await grafana.begin({ login_hint: 'ada@example.com', nonce: 'a-nonce' });
    const form = Object.fromEntries(new URL(path, 'http://x').searchParams);
    const crossSite = { 'sec-fetch-site': 'cross-site', origin: 'https://app.example.com' };
    for (const browser of [await browserOf('ada'), new PageBrowser(roster)]) {
      const cookies = [...browser.cookies];
      browser.cookies.clear();
      const begun = await browser.post('/oauth2/authorize', form, crossSite);
      expect(begun.location).toMatch(/^\/oauth2\/interaction\/[\w-]+$/);
      for (const [name, value] of cookies) browser.cookies.set(name, value);
      let page = await browser.follow(begun);
      if (cookies.length === 0) page = await browser.submit(page, { password: PASSWORD });
      await grafana.exchange({ back: backFrom(page), checks: { ...checks, expectedNonce: 'a-nonce' } });
    }
    const longer = await new PageBrowser(roster).post('/oauth2/authorize', { ...form, nonce: 'x'.repeat(1001) }, {});
    expect([longer.status, longer.location]).toEqual([400, undefined]);
  });

  it('with acr_values=aal2 asks for a fresh proof once, and is answered with the level that came of it', async () => {
    const browser = await browserOf('ada');
    await roster.database.query("UPDATE sessions SET authenticated_at = now() - interval '5 minutes'");
    const { path, checks } = await grafana.begin({ acr_values: 'aal2' });
    let page = await browser.open('/account');
    // What the server remembers of the session is a moment older.
    await eventually(async () => {
      page = await browser.follow(await browser.open(path));
      return page.path.startsWith('/account/confirm');
    });
    const back = backFrom(await browser.submit(page, { password: PASSWORD }));
    const { id_token } = await grafana.exchange({ back, checks });
    const claims = JSON.parse(Buffer.from(id_token.split('.')[1]!, 'base64url').toString()) as object;
    expect(claims).toMatchObject({ acr: 'aal1', amr: ['pwd'] });
  });

  it('with an id_token_hint that is not signed is refused, and nobody is told who it was', async () => {
    const browser = await browserOf('ada');
    const { id_token } = await grafana.tokens(browser);
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    for (const id_token_hint of [`${none}.${id_token.split('.')[1]}.`, 'a.b.c']) {
      const { location = '' } = await open(browser, { id_token_hint, prompt: 'none' });
      expect(new URL(location).searchParams.get('error')).toBe('invalid_request');
    }
    backFrom(await open(browser, { id_token_hint: id_token, prompt: 'none' }));
    const { location = '' } = await open(await browserOf('eva'), { id_token_hint: id_token, prompt: 'none' });
    expect(new URL(location).searchParams.get('error')).toBe('login_required');
  });
});
