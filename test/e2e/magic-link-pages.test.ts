import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tokenIn } from '../support/inbox.js';
import { type PageAnswer, PageBrowser } from '../support/page-browser.js';
import { type Roster, startRoster } from '../support/roster.js';
import { addTotp, freshCode } from '../support/totp.js';

const APP = 'https://app.example.com';
let roster: Roster;
let count = 0;
const fresh = () => `paged${++count}@example.com`;
beforeAll(async () => {
  roster = await startRoster({ SIGN_IN_REDIRECTS: APP });
});
afterAll(() => roster.stop());

const headingOf = (text: string) => /<h1>([^<]*)<\/h1>/.exec(text)?.[1];
const codeIn = (text: string) => /<p class="short-code[^>]*>([^<]+)</.exec(text)?.[1];
const signedInAs = async (browser: PageBrowser) => {
  const session = browser.cookies.get('roster-session') ?? '';
  const { body } = await roster.api.get('/auth/session').set('cookie', `roster-session=${session}`);
  return (body as { user?: { email: string } }).user?.email;
};
const session = ({ setCookies }: PageAnswer) => setCookies.find((cookie) => cookie.startsWith('roster-session='));

/** Asks on the page to sign in. @returns the page that follows, and the path of the mailed link */
async function ask(browser: PageBrowser, email: string, query = '', fields = {}) {
  const form = await browser.open(`/sign-in${query}`);
  const sent = await browser.submit(form, { identifier: email, ...fields }, 'Email me a sign-in link');
  const token = tokenIn(await roster.inbox.about(email, /sign in/i));
  return { sent, link: `/auth/magic-link?token=${token}` };
}

describe('a sign-in link that was asked for on the page to sign in', () => {
  it('opened in the same browser has one button, which leads on to where somebody wanted to go', async () => {
    const email = fresh();
    const browser = new PageBrowser(roster);
    const { link } = await ask(browser, email, `?continue=${encodeURIComponent(`${APP}/basket`)}`, {
      keepSignedIn: 'yes',
    });
    const page = await browser.open(link);
    expect(page.text).toContain(email);
    expect([...page.text.matchAll(/<button type="submit"/g)]).toHaveLength(1);
    const answer = await browser.post('/sign-in/with-link', { token: link.split('token=')[1]! });
    expect(session(answer)).toMatch(/HttpOnly; SameSite=Lax; Max-Age=\d{5,}/);
    expect((await browser.follow(answer)).location).toBe(`${APP}/basket`);
    expect(await signedInAs(browser)).toBe(email);
    expect(browser.cookies.has('roster-magic-link')).toBe(false);
    // The button is harmless when it is pressed again, on the page that the back button shows.
    const again = await browser.submit(page, {}, 'Sign in');
    expect(again.status).toBe(410);
    expect(headingOf(again.text)).toBe('This link no longer works');
  });

  it('opened elsewhere shows a code for the page that waits, which says what is wrong with another one', async () => {
    const email = fresh();
    const laptop = new PageBrowser(roster);
    const { sent, link } = await ask(laptop, email);
    expect(headingOf(sent.text)).toBe('Check your inbox');
    expect(sent.text).toMatch(/<input[^>]*name="code"[^>]*autocomplete="one-time-code"/);
    const code = codeIn((await new PageBrowser(roster).open(link)).text)!;
    const wrong = await laptop.submit(sent, { code: '2222-2222' });
    expect(wrong.status).toBe(401);
    expect(wrong.text).toMatch(/role="alert">[^<]*code[^]*aria-invalid="true"/);
    const done = await laptop.submit(wrong, { code: code.toLowerCase() });
    expect(done.status).toBe(200);
    expect(await signedInAs(laptop)).toBe(email);
    const late = await laptop.submit(sent, { code });
    expect(late.status).toBe(401);
  });

  it('opened elsewhere signs in there only by a second choice, and then not where it was asked for', async () => {
    const email = fresh();
    const laptop = new PageBrowser(roster);
    const phone = new PageBrowser(roster);
    const { sent, link } = await ask(laptop, email, '?continue=%2Faccount%2Fpassword');
    const page = await phone.open(link);
    expect(page.text).toMatch(/Never tell it to anybody[^]*<details>\s*<summary>Sign in on this device instead/);
    const done = await phone.submit(page, {}, `Sign in here as ${email}`);
    // Where the laptop wanted to go is of no concern to the phone.
    expect(done.path).toBe('/account');
    expect(await signedInAs(phone)).toBe(email);
    expect((await laptop.submit(sent, { code: codeIn(page.text)! })).status).toBe(401);
    expect(await signedInAs(laptop)).toBeUndefined();
  });

  it('leads somebody with a second factor to it', async () => {
    const email = fresh();
    const { id, token } = await roster.join(email);
    const { secret } = await addTotp(roster, token);
    const laptop = new PageBrowser(roster);
    const { sent, link } = await ask(laptop, email, '?continue=%2Faccount%2Fpassword');
    const code = codeIn((await new PageBrowser(roster).open(link)).text)!;
    const second = await laptop.submit(sent, { code });
    expect(await signedInAs(laptop)).toBeUndefined();
    expect(second.path).toMatch(/^\/sign-in\/second-factor/);
    const done = await laptop.submit(second, { code: await freshCode(roster, secret, id) });
    expect(done.path).toBe('/account/password');
    expect(await signedInAs(laptop)).toBe(email);
  });

  it('cannot be used by a form of another site', async () => {
    const email = fresh();
    const { link } = await ask(new PageBrowser(roster), email);
    const token = link.split('token=')[1]!;
    const victim = new PageBrowser(roster);
    const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    for (const path of ['/sign-in/with-link', '/sign-in/code', '/sign-in/link']) {
      const answer = await victim.post(path, { token, code: '2222-2222', identifier: email }, evil);
      expect(answer.status).not.toBe(303);
    }
    expect(await signedInAs(victim)).toBeUndefined();
    expect(victim.cookies.size).toBe(0);
  });
});

/** The cookie of the browser that asks, with its attributes. */
const cookieIn = (headers: Record<string, unknown>): string =>
  ((headers['set-cookie'] ?? []) as string[]).find((cookie) => cookie.includes('roster-magic-link=')) ?? '';

describe('asking for a link', () => {
  it('over https gets a cookie that no neighbouring host can plant; where an own page takes the link, none', async () => {
    const secure = await startRoster({ PUBLIC_URL: 'https://id.example.com' }, [], roster.database);
    const own = await startRoster({ MAGIC_LINK_URL: 'https://app.example.com/in' }, [], roster.database);
    try {
      const ask = (at: Roster) => at.api.post('/auth/magic-link/request').send({ email: fresh() }).expect(202);
      expect(cookieIn((await ask(secure)).headers)).toMatch(
        /^__Host-roster-magic-link=[^;]{43}; Path=\/; Max-Age=1800; HttpOnly; SameSite=Lax; Secure$/,
      );
      expect((await ask(own)).headers).not.toHaveProperty('set-cookie');
    } finally {
      for (const one of [secure, own]) {
        await one.app.close();
        await one.inbox.down();
      }
    }
  });
});
