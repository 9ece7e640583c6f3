import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { declaredRoutes } from '../../src/access/declared-roles.js';
import { apiDocument } from '../../src/http/openapi/api-document.js';
import { HOSTED_PAGE, OPENID_PAGE, PROTOCOL } from '../support/per-worker/contract.js';
import { tokenIn } from '../support/inbox.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const APP = 'https://app.example.com';

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster({ SIGN_IN_REDIRECTS: `${APP}, http://localhost:4321` });
});
afterAll(() => roster.stop());

const headingOf = (html: string) => /<h1>([^<]*)<\/h1>/.exec(html)?.[1];
const session = (browser: PageBrowser) => browser.cookies.get('roster-session');
const whoIs = async (browser: PageBrowser): Promise<string | undefined> => {
  const { status, body } = await roster.api
    .get('/users/me')
    .set({ cookie: `roster-session=${session(browser) ?? ''}` });
  return status === 200 ? (body as { email: string }).email : undefined;
};

/** A browser in which somebody has signed in on our page. */
async function signedIn(email: string, path = '/sign-in'): Promise<PageBrowser> {
  const browser = new PageBrowser(roster);
  const page = await browser.open(path);
  await browser.submit(page, { identifier: email, password: PASSWORD }, 'Sign in');
  expect(await whoIs(browser)).toBe(email);
  return browser;
}

describe('the hosted pages', () => {
  it('are no part of the API document, and are as their tests know them', () => {
    const { paths } = apiDocument(roster.app);
    const routes = declaredRoutes(roster.app.get(DiscoveryService, { strict: false }), new MetadataScanner());
    const hosted = routes.filter(({ path }) => HOSTED_PAGE.test(path));
    expect(hosted.length).toBeGreaterThan(6);
    expect(Object.keys(paths).filter((path) => HOSTED_PAGE.test(path))).toEqual([]);
    // What is neither in the document nor one of them is named here.
    const documented = Object.keys(paths).map((path) => path.replace(/\{(\w+)\}/g, ':$1'));
    const isKnown = (path: string) => [HOSTED_PAGE, OPENID_PAGE, PROTOCOL].some((known) => known.test(path));
    const others = routes.filter(({ path }) => !documented.includes(path) && !isKnown(path));
    expect(
      [...new Set(others.map(({ path }) => path))].filter((path) => !/^(\/console)?\/assets\//.test(path)),
    ).toEqual([]);
  });

  it('lead a browser from the root to where it can sign in, or to its account', async () => {
    const browser = new PageBrowser(roster);
    expect((await browser.open('/')).location).toBe('/sign-in');
    await roster.join('root@example.com');
    expect((await (await signedIn('root@example.com')).open('/')).location).toBe('/account');
    await roster.api.get('/').expect(200, /"name":"Roster"/);
  });

  it('may be asked for again with a changed language, and answer a program with a page, too', async () => {
    const german = await roster.api.get('/sign-in').set('accept-language', 'de-AT,de;q=0.9').expect(200);
    expect(german.text).toContain('<html lang="de">');
    const { headers } = await roster.api
      .get('/sign-in')
      .set('accept', 'application/json')
      .expect(200, /<h1>Sign in/);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'same-origin' });
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
        `form-action 'self' ${APP} http://localhost:4321; base-uri 'none'; frame-ancestors 'none'`,
    );
  });
});

describe('the page to sign in', () => {
  it('signs in by address or username, and leads to the account', async () => {
    await roster.join('ada@example.com', { username: 'ada' });
    for (const identifier of ['ada@example.com', ' ADA@example.com ', 'ada']) {
      const browser = new PageBrowser(roster);
      const answer = await browser.post('/sign-in', { identifier, password: PASSWORD });
      expect([answer.status, answer.text, answer.location]).toEqual([303, '', '/sign-in/complete']);
      expect((await browser.open('/sign-in/complete')).location).toBe('/account');
      expect(await whoIs(browser)).toBe('ada@example.com');
    }
  });

  it('keeps what was entered but the password, and says what is wrong', async () => {
    const browser = new PageBrowser(roster);
    const page = await browser.post('/sign-in', {
      identifier: 'nobody@example.com',
      password: 'not the password',
      keepSignedIn: 'yes',
      continue: '/docs',
    });
    expect([page.status, headingOf(page.text)]).toEqual([401, 'Sign in']);
    expect(page.text).toContain('role="alert"');
    expect(page.text).toContain('do not belong together');
    expect(page.text).toContain('value="nobody@example.com"');
    expect(page.text).toContain('value="yes" checked');
    expect(page.text).toContain('name="continue" value="/docs"');
    expect(page.text).not.toContain('not the password');
    const empty = await browser.post('/sign-in', { identifier: '', password: '' });
    expect([empty.status, empty.text.includes('Enter your password.')]).toEqual([400, true]);
  });

  it('says the same to somebody who is locked out, also for the right password', async () => {
    await roster.join('locked-page@example.com');
    const browser = new PageBrowser(roster);
    const attempt = (password: string) => browser.post('/sign-in', { identifier: 'locked-page@example.com', password });
    const wrong = [];
    for (let count = 0; count < 5; count++) wrong.push(await attempt('wrong'));
    const right = await attempt(PASSWORD);
    expect([right.status, right.text]).toEqual([wrong[0]!.status, wrong[0]!.text]);
    expect(session(browser)).toBeUndefined();
  });

  it('offers a fresh link for a registration that was not confirmed', async () => {
    const email = 'unconfirmed@example.com';
    await roster.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
    const browser = new PageBrowser(roster);
    const page = await browser.post('/sign-in', { identifier: email, password: PASSWORD });
    expect([page.status, page.text.includes('has not been confirmed yet')]).toEqual([403, true]);
    expect(headingOf((await browser.submit(page, {}, 'Send me a fresh link')).text)).toBe('Check your inbox');
  });

  it('mails a link in place of a password, to an address only', async () => {
    await roster.join('by-mail@example.com');
    const had = roster.inbox.to('by-mail@example.com').length;
    const browser = new PageBrowser(roster);
    const page = await browser.open('/sign-in');
    const sent = await browser.submit(page, { identifier: 'by-mail@example.com' }, 'Email me a sign-in link');
    expect(headingOf(sent.text)).toBe('Check your inbox');
    expect(tokenIn(await roster.inbox.linkAfter('by-mail@example.com', had))).toBeTruthy();
    const refused = await browser.submit(page, { identifier: 'ada' }, 'Email me a sign-in link');
    expect(refused.text).toContain('Enter your email address, such as');
    expect(refused.text).toContain('value="ada"');
  });

  it('shows who is signed in already, and offers to go on, to switch and to sign out', async () => {
    await roster.join('first@example.com', { firstName: 'First' });
    await roster.join('second@example.com');
    const browser = await signedIn('first@example.com');
    const page = await browser.open(`/sign-in?continue=${encodeURIComponent(`${APP}/start?x=1`)}`);
    expect(headingOf(page.text)).toBe('You are signed in');
    expect(page.text).toContain('first@example.com');
    expect(page.text).toContain(`href="${APP}/start?x&#x3D;1"`);
    const form = await browser.open('/sign-in?another=yes');
    const first = session(browser);
    await browser.submit(form, { identifier: 'second@example.com', password: PASSWORD }, 'Sign in');
    expect(await whoIs(browser)).toBe('second@example.com');
    // The value before is worth nothing any more (session fixation), and the session before has ended.
    expect(session(browser)).not.toBe(first);
    await roster.api
      .get('/users/me')
      .set({ cookie: `roster-session=${first!}` })
      .expect(401);
  });

  it('stays signed in beyond the browser only where that is wanted', async () => {
    await roster.join('keeps@example.com');
    const cookieOf = async (keepSignedIn: object) => {
      const fields = { identifier: 'keeps@example.com', password: PASSWORD, ...keepSignedIn };
      const { setCookies } = await new PageBrowser(roster).post('/sign-in', fields);
      return setCookies.find((cookie) => cookie.startsWith('roster-session='));
    };
    expect(await cookieOf({})).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(await cookieOf({ keepSignedIn: 'yes' })).toMatch(/; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d{5,}$/);
  });

  it('tells a browser that refuses cookies why it is not signed in', async () => {
    const browser = new PageBrowser(roster, false);
    const answer = await browser.post('/sign-in', {
      identifier: 'ada@example.com',
      password: PASSWORD,
      continue: '/docs',
    });
    const page = await browser.follow(answer);
    expect(headingOf(page.text)).toBe('Your browser did not keep you signed in');
    expect(page.text).toContain('href="/sign-in?continue&#x3D;%2Fdocs"');
  });

  it('is no trap for a double submit, the back button, or an hour of waiting', async () => {
    const browser = new PageBrowser(roster);
    const fields = { identifier: 'ada@example.com', password: PASSWORD };
    const answers = await Promise.all([browser.post('/sign-in', fields), browser.post('/sign-in', fields)]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    expect(await whoIs(browser)).toBe('ada@example.com');
    // The form that the back button shows holds nothing that could have expired or been used.
    const { text } = await browser.open('/sign-in?another=yes');
    expect([...text.matchAll(/type="hidden"/g)]).toEqual([]);
    await browser.post('/sign-in', fields);
    expect(await whoIs(browser)).toBe('ada@example.com');
  });

  it('counts what a client sends, and says when that is too much', async () => {
    const limited = await startRoster({ RATE_LIMIT_ENABLED: 'true' }, [], roster.database);
    try {
      const browser = new PageBrowser(limited);
      const fields = { identifier: 'many@example.com', password: 'wrong' };
      const answers = [];
      for (let count = 0; count < 42; count++) answers.push(await browser.post('/sign-in', fields));
      const last = answers.at(-1)!;
      expect([last.status, last.text.includes('Too many attempts')]).toEqual([429, true]);
      expect(last.text).toContain('value="many@example.com"');
      expect(last.headers['retry-after']).toMatch(/^\d+$/);
    } finally {
      await limited.app.close();
      await limited.inbox.down();
    }
  });
});

describe('forms of another site', () => {
  const FOREIGN = [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:3000.evil.example' },
  ];
  const email = 'second@example.com';
  const FORMS: readonly [path: string, fields: Record<string, string>][] = [
    ['/sign-in', { identifier: email, password: PASSWORD }],
    ['/sign-in/link', { identifier: email }],
    ['/sign-up', { email, password: PASSWORD }],
    ['/sign-up/sent', {}],
    ['/forgot-password', { email }],
    ['/sign-out', {}],
  ];

  it('do nothing, and the visitor is neither signed in nor out (login CSRF)', async () => {
    const browser = await signedIn('ada@example.com');
    for (const [path, fields] of FORMS) {
      for (const headers of FOREIGN) {
        const { status, setCookies } = await browser.post(path, fields, headers);
        expect([path, headers, status, setCookies]).toEqual([path, headers, 403, []]);
      }
    }
    expect(await whoIs(browser)).toBe('ada@example.com');
  });
});

describe('signing out', () => {
  it('ends the session, which another tab sees, and says so once', async () => {
    const tab = await signedIn('ada@example.com');
    const cookie = session(tab);
    const page = await tab.follow(await tab.post('/sign-out'));
    expect([headingOf(page.text), page.text.includes('You have signed out.')]).toEqual(['Sign in', true]);
    expect((await tab.open('/sign-in')).text).not.toContain('You have signed out.');
    await roster.api
      .get('/users/me')
      .set({ cookie: `roster-session=${cookie!}` })
      .expect(401);
    // The other tab, which still has its page, signs out as well.
    expect((await tab.post('/sign-out')).location).toBe('/sign-in');
  });
});
