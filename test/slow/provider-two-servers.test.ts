import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IdentityProvider } from '../support/identity-provider.js';
import { PageBrowser } from '../support/page-browser.js';
import { ProviderRound, sessionOf } from '../support/provider-round.js';
import { PASSWORD } from '../support/roster.js';
import { as, TwoRosters } from '../support/two-rosters.js';
import { textOf, Visitor } from '../support/visitor.js';

const START = '/auth/providers/corp/start';
let corp: IdentityProvider;
let two: TwoRosters;
let round: ProviderRound;
beforeAll(async () => {
  corp = await IdentityProvider.start(['http://localhost:3000/auth/providers/corp/callback']);
  const providers = { PROVIDERS: 'corp', ...corp.settings('corp'), TRUSTED_EMAIL_PROVIDERS: 'corp' };
  const redirects = {
    SIGN_IN_REDIRECTS: 'https://app.example.com',
    APP_REDIRECTS: 'com.example.app:/sign-in, http://127.0.0.1/sign-in',
  };
  two = await TwoRosters.start({}, { ...providers, ...redirects });
  round = new ProviderRound(two.one, 'corp', corp);
});
afterAll(async () => {
  await two.stop();
  await corp.stop();
});
beforeEach(() => {
  corp.person = { sub: 'ada', email: 'ada@example.com', email_verified: true };
});

/** The same browser, whose next request another server gets. */
function at(server: TwoRosters['one'], browser: PageBrowser): PageBrowser {
  const same = new PageBrowser(server);
  for (const [name, value] of browser.cookies) same.cookies.set(name, value);
  return same;
}

const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');
const exchange = (code: string, server = two.other) =>
  server.api.post('/auth/providers/corp/exchange').send({ code, codeVerifier: verifier });
async function codeFor(target: string): Promise<URL> {
  const query = new URLSearchParams({ continue: target, codeChallenge: challenge }).toString();
  const browser = new PageBrowser(two.one);
  const back = await round.leave(browser, `?${query}`);
  return new URL((await at(two.other, browser).open(back)).location ?? '');
}

describe('of two servers on one database', () => {
  it('one finishes a sign-in that the other began, and each knows the session', async () => {
    const browser = new PageBrowser(two.one);
    const back = await round.leave(browser);
    const returned = at(two.other, browser);
    expect((await returned.open(back)).location).toBe('/sign-in/complete');
    const there = await sessionOf(two.other, returned);
    expect(there.user).toMatchObject({ email: 'ada@example.com' });
    expect((await sessionOf(two.one, returned)).user.id).toBe(there.user.id);
    // Used is used for both.
    expect((await browser.open(back)).location).toBe('/sign-in?provider=corp&problem=expired');
  });

  it('both together finish it once, if the browser comes to both at once', async () => {
    const browser = new PageBrowser(two.one);
    const back = await round.leave(browser);
    const ends = await Promise.all([two.one, two.other, two.one, two.other].map((one) => at(one, browser).open(back)));
    expect(ends.map(({ location }) => location).sort()).toEqual([
      '/sign-in/complete',
      ...Array<string>(3).fill('/sign-in?provider=corp&problem=expired'),
    ]);
  });

  it('one exchanges the code that the other gave, and both together once', async () => {
    const codes = await Promise.all([codeFor('https://app.example.com/'), codeFor('https://app.example.com/')]);
    for (const url of codes) {
      const code = url.searchParams.get('code') ?? '';
      const answers = await Promise.all([exchange(code, two.one), exchange(code), exchange(code, two.one)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    }
  });

  it('one links what the other began to link, unless the session has ended there meanwhile', async () => {
    await two.one.join('links@example.com');
    corp.person = { sub: 'links', email: 'links@corp.example' };
    const begin = async () => {
      const visitor = await Visitor.signedIn(two.one, 'links@example.com', PASSWORD);
      const left = await visitor.post('/account/identities/corp/link');
      const back = await corp.authorize((left.headers['refresh'] ?? '').replace('0; url=', ''));
      return { visitor, back: back.pathname + back.search };
    };
    const ended = await begin();
    expect((await ended.visitor.post('/sign-out')).status).toBe(303);
    const refused = await at(two.other, ended.visitor).open(ended.back);
    expect(new URL(refused.location ?? '', 'http://localhost').searchParams.get('problem')).toBe('expired');
    const { visitor, back } = await begin();
    const returned = at(two.other, visitor);
    const page = await returned.follow(await returned.open(back));
    expect(textOf(page)).toContain('links@corp.example');
  });
});

describe('a native app', () => {
  it.each([
    ['com.example.app:/sign-in?from=tests', 'com.example.app:', '/sign-in'],
    ['http://127.0.0.1:49152/sign-in', 'http:', '/sign-in'],
  ])('gets its code at %s', async (target, protocol, path) => {
    const url = await codeFor(target);
    expect([url.protocol, url.pathname]).toEqual([protocol, path]);
    const { body } = await exchange(url.searchParams.get('code') ?? '').expect(200);
    expect(body).toMatchObject({ user: { email: 'ada@example.com' }, accessToken: expect.any(String) });
  });

  it.each([
    'com.example.app:/sign-in/elsewhere',
    'com.example.other:/sign-in',
    'http://127.0.0.1:80@evil.example/sign-in',
    'http://localhost:49152/sign-in',
    'https://127.0.0.1/sign-in',
    'com.example.app:/sign-in#code',
  ])('gets none at %s', async (target) => {
    await two.one.api.get(START).query({ continue: target, codeChallenge: challenge }).expect(400);
  });

  it('is nowhere that a browser is led to with a session', async () => {
    const browser = new PageBrowser(two.one);
    const back = await round.leave(browser, '?continue=com.example.app:/sign-in');
    expect((await browser.open(back)).location).toBe('/sign-in/complete');
  });
});

describe('a page of another site', () => {
  const from = (referer?: string) => ({ 'sec-fetch-site': 'cross-site', ...(referer !== undefined && { referer }) });

  it('signs nobody in who is known at the provider without being asked here', async () => {
    const browser = new PageBrowser(two.one);
    const path = `${START}?continue=%2Faccount%2Fprofile&keepSignedIn=yes`;
    const asked = await browser.open(path, from('https://evil.example/'));
    expect([asked.status, asked.location]).toEqual([200, undefined]);
    expect(browser.cookies.has('roster-provider')).toBe(false);
    expect(textOf(asked)).toContain('Another website has led you here to sign in.');
    const german = await browser.open(path, { ...from(), 'accept-language': 'de' });
    expect(textOf(german)).toContain('Eine andere Website hat Sie hierhergeführt');
    // The link still works: it goes on with what stood in it.
    const [, href = ''] = /class="button" href="([^"]*)"/.exec(asked.text) ?? [];
    expect(href.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=')).toBe(path);
    const left = await browser.open(path, { 'sec-fetch-site': 'same-origin' });
    const back = await corp.authorize(left.location ?? '');
    const end = await browser.open(back.pathname + back.search);
    expect(end.location).toBe('/sign-in/complete?continue=%2Faccount%2Fprofile');
  });

  it.each([
    ['an origin in SIGN_IN_REDIRECTS', from('https://app.example.com/')],
    ['a neighbour of this site', { 'sec-fetch-site': 'same-site' }],
    ['a bookmark', { 'sec-fetch-site': 'none' }],
    ['an old browser', { 'sec-fetch-site': '' }],
  ])('is not meant by %s', async (_what, headers) => {
    expect((await new PageBrowser(two.one).open(START, headers)).status).toBe(303);
  });

  it.each(['https://app.example.com/any/path', 'com.example.app:/sign-in', 'http://127.0.0.1:49152/sign-in'])(
    'gets no code for its own verifier at %s without asking',
    async (target) => {
      const browser = new PageBrowser(two.one);
      const path = `${START}?continue=${encodeURIComponent(target)}&codeChallenge=${challenge}`;
      for (const stranger of [from(), from('https://evil.example/')]) {
        const asked = await browser.open(path, stranger);
        expect([asked.status, asked.location]).toEqual([200, undefined]);
        expect(textOf(asked)).toContain('Another website has led you here to sign in.');
      }
      for (const known of [from('https://app.example.com/'), { 'sec-fetch-site': 'none' }])
        expect((await browser.open(path, known)).status).toBe(303);
    },
  );
});

it('lets the same person sign in at both, who stays one account', async () => {
  const token = await two.one.signIn();
  const { body } = await two.one.api.get('/users').query({ search: 'ada@example.com' }).set(as(token)).expect(200);
  expect((body as { items: unknown[] }).items).toHaveLength(1);
});
