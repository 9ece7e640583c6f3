import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tokenIn } from '../support/inbox.js';
import { type PageAnswer, PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { addTotp, freshCode } from '../support/totp.js';

const APP = 'https://app.example.com';
const CHOSEN = 'seven idle boats on slate water';

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster({ SIGN_IN_REDIRECTS: APP });
});
afterAll(() => roster.stop());

const headingOf = ({ text }: PageAnswer) => /<h1>([^<]*)<\/h1>/.exec(text)?.[1];
const whoIs = async (browser: PageBrowser): Promise<string | undefined> => {
  const cookie = `roster-session=${browser.cookies.get('roster-session') ?? ''}`;
  const { status, body } = await roster.api.get('/users/me').set({ cookie });
  return status === 200 ? (body as { email: string }).email : undefined;
};

/** A browser that has registered on our page, and the token of the link that was mailed. */
async function signUp(
  email: string,
  path = '/sign-up',
): Promise<{ browser: PageBrowser; token: string; sent: PageAnswer }> {
  const browser = new PageBrowser(roster);
  const sent = await browser.submit(await browser.open(path), { email, password: PASSWORD });
  return { browser, sent, token: tokenIn(await roster.inbox.waitFor(email)) };
}

async function confirm(browser: PageBrowser, token: string, fields = {}): Promise<PageAnswer> {
  return browser.submit(await browser.open(`/auth/verify-email?token=${token}`), fields);
}

const signIn = async (browser: PageBrowser, identifier: string, path = '/sign-in', password = PASSWORD) =>
  browser.submit(await browser.open(path), { identifier, password }, 'Sign in');

describe('signing up on the page', () => {
  it('leads to the inbox, by the link to the account, and on to where one came from', async () => {
    const email = 'new@example.com';
    const path = `/sign-up?continue=${encodeURIComponent(`${APP}/welcome`)}`;
    const { browser, sent, token } = await signUp(email, path);
    expect([sent.path, headingOf(sent)]).toEqual(['/sign-up/sent', 'Check your inbox']);
    expect(sent.text).toContain(email);
    expect(await whoIs(browser)).toBeUndefined();
    const done = await confirm(browser, token);
    expect(headingOf(done)).toBe('Your email address is confirmed');
    expect(done.text).toContain(`<a class="button" href="${APP}/welcome">Continue</a>`);
    expect(await whoIs(browser)).toBe(email);
    const [session] = await roster.database.query(
      'SELECT amr FROM sessions JOIN users ON users.id = user_id WHERE email = $1 AND ended_at IS NULL',
      [email],
    );
    expect(session).toEqual({ amr: ['otp'] });
    // Its work is done: the page of the inbox has nothing to wait for.
    expect(browser.cookies.has('roster-registration')).toBe(false);
  });

  it('signs no other browser in, and fills in the address where that one signs in', async () => {
    const email = 'elsewhere@example.com';
    const { browser, token } = await signUp(email);
    const phone = new PageBrowser(roster);
    const done = await confirm(phone, token);
    expect(await whoIs(phone)).toBeUndefined();
    expect(done.text).toContain('href="/sign-in?identifier&#x3D;elsewhere%40example.com"');
    expect((await phone.open('/sign-in?identifier=elsewhere%40example.com')).text).toContain(`value="${email}"`);
    expect(await whoIs(browser)).toBeUndefined();
    // The page that waited leads on.
    expect((await browser.open('/sign-up/sent')).location).toBe('/sign-in');
  });

  it('signs nobody in to what a stranger has begun', async () => {
    const email = 'victim@example.com';
    const attacker = await signUp(email);
    // The owner of the address, whose browser has begun a registration of its own.
    const owner = await signUp('owner-of-another@example.com');
    await confirm(owner.browser, attacker.token);
    expect(await whoIs(owner.browser)).toBeUndefined();
    expect(await whoIs(attacker.browser)).toBeUndefined();
    // A cookie that was made up or changed is none.
    const cookie = owner.browser.cookies.get('roster-registration')!;
    const mallory = await signUp('mallory@example.com');
    const theirs = mallory.browser.cookies.get('roster-registration')!;
    mallory.browser.cookies.set('roster-registration', cookie.replace(/^[^.]*/, theirs.split('.', 1)[0]!));
    await confirm(mallory.browser, mallory.token);
    expect(await whoIs(mallory.browser)).toBeUndefined();
  });

  it('keeps what was entered but the password, and says what is wrong beside it', async () => {
    await roster.join('holder@example.com', { username: 'holder' });
    const browser = new PageBrowser(roster);
    const page = await browser.open('/sign-up');
    const fields = { email: 'keeps-input@example.com', firstName: 'Ada', username: 'holder', password: PASSWORD };
    const taken = await browser.submit(page, fields);
    expect([taken.status, taken.text.includes('This username is taken')]).toEqual([409, true]);
    expect(taken.text).toContain('<details class="more" open>');
    expect(taken.text).toContain('value="Ada"');
    const weak = await browser.submit(page, { ...fields, username: '', password: 'password1234' });
    expect(weak.status).toBe(400);
    expect(weak.text).toMatch(/<p class="refusal" id="refusal" role="alert">[^<]+<\/p>/);
    expect(weak.text).not.toContain('password1234');
    const invalid = await browser.submit(page, { ...fields, email: 'not an address', username: 'a b' });
    expect(invalid.text).toContain('Enter an email address, such as ada@example.com.');
    expect(roster.inbox.to('keeps-input@example.com')).toEqual([]);
  });

  it('tells nobody whether an address is taken', async () => {
    const pageFor = async (email: string) => {
      const browser = new PageBrowser(roster);
      const sent = await browser.submit(await browser.open('/sign-up'), { email, password: PASSWORD });
      return [sent.status, sent.text.replaceAll(email, 'X'), [...browser.cookies.keys()]];
    };
    expect(await pageFor('holder@example.com')).toEqual(await pageFor('nobody-yet@example.com'));
  });

  it('sends the mail again when asked from there, and then asks for a new password, as every link sent again', async () => {
    const email = 'again@example.com';
    const { browser, sent } = await signUp(email);
    await roster.database.query('DELETE FROM address_throttle');
    const had = roster.inbox.to(email).length;
    const again = await browser.submit(sent, {}, 'Send it again');
    expect(again.text).toContain('A fresh email is on its way.');
    const token = tokenIn(await roster.inbox.linkAfter(email, had));
    const done = await confirm(browser, token, { newPassword: CHOSEN });
    expect(headingOf(done)).toBe('Your email address is confirmed');
    expect(await whoIs(browser)).toBe(email);
  });

  it('goes on in the language of the page, mails included', async () => {
    const browser = new PageBrowser(roster);
    browser.headers = { 'accept-language': 'de-AT,de;q=0.9' };
    const email = 'deutsch@example.com';
    await browser.submit(await browser.open('/sign-up'), { email, password: PASSWORD });
    expect((await roster.inbox.waitFor(email)).text).toContain('Guten Tag');
  });
});

describe('after a link', () => {
  it('a new password is followed by signing in with it', async () => {
    const email = 'forgot@example.com';
    await roster.join(email);
    const browser = new PageBrowser(roster);
    const had = roster.inbox.to(email).length;
    const sent = await browser.submit(await browser.open('/forgot-password'), { email });
    expect([sent.path, headingOf(sent)]).toEqual(['/forgot-password/sent', 'Check your inbox']);
    const token = tokenIn(await roster.inbox.linkAfter(email, had));
    const form = await browser.open(`/auth/reset-password?token=${token}`);
    const done = await browser.submit(form, { newPassword: CHOSEN });
    const href = /class="button" href="([^"]+)"/.exec(done.text)![1]!.replaceAll('&#x3D;', '=');
    await signIn(browser, email, href, CHOSEN);
    expect(await whoIs(browser)).toBe(email);
    const refused = await browser.submit(await browser.open('/forgot-password'), { email: 'no address' });
    expect([refused.status, refused.text.includes('value="no address"')]).toEqual([400, true]);
  });

  it('to sign in, the browser that asked goes on, and another shows a code for it', async () => {
    const email = 'link@example.com';
    await roster.join(email);
    const browser = new PageBrowser(roster);
    const path = `/sign-in?continue=${encodeURIComponent('/docs')}`;
    const had = roster.inbox.to(email).length;
    const sent = await browser.submit(await browser.open(path), { identifier: email }, 'Email me a sign-in link');
    const token = tokenIn(await roster.inbox.linkAfter(email, had));
    const elsewhere = await new PageBrowser(roster).open(`/auth/magic-link?token=${token}`);
    const code = /id="code-0">([^<]+)</.exec(elsewhere.text)![1]!.trim();
    const wrong = await browser.submit(sent, { code: 'AAAA-AAAA' });
    expect([wrong.status, wrong.text.includes('This code is not valid here.')]).toEqual([401, true]);
    const entered = await browser.post('/sign-in/code', { code });
    expect(entered.location).toBe('/sign-in/complete?continue=%2Fdocs');
    expect(await whoIs(browser)).toBe(email);
    // The link was used by it.
    const late = await browser.post('/sign-in/with-link', { token });
    expect([late.status, headingOf(late)]).toEqual([410, 'This link no longer works']);
  });

  it('opened in the browser that asked, a button signs in there', async () => {
    const email = 'link-here@example.com';
    await roster.join(email);
    const browser = new PageBrowser(roster);
    const had = roster.inbox.to(email).length;
    await browser.submit(await browser.open('/sign-in'), { identifier: email }, 'Email me a sign-in link');
    const page = await browser.open(`/auth/magic-link?token=${tokenIn(await roster.inbox.linkAfter(email, had))}`);
    await browser.submit(page, {}, 'Sign in');
    expect(await whoIs(browser)).toBe(email);
  });
});

describe('a second factor', () => {
  it('is asked for on its own page, and the way on and the choice to stay signed in are kept', async () => {
    const email = 'factor@example.com';
    const { id, token } = await roster.join(email);
    const { secret, recoveryCodes } = await addTotp(roster, token);
    const browser = new PageBrowser(roster);
    const form = await browser.open(`/sign-in?continue=${encodeURIComponent(`${APP}/`)}`);
    const asked = await browser.submit(form, { identifier: email, password: PASSWORD, keepSignedIn: 'yes' }, 'Sign in');
    expect(headingOf(asked)).toBe('One more step');
    expect(await whoIs(browser)).toBeUndefined();
    expect(asked.path).not.toMatch(/[0-9a-f]{32}/);
    const wrong = await browser.submit(asked, { code: '000000' });
    expect([wrong.status, headingOf(wrong)]).toEqual([403, 'One more step']);
    expect(wrong.text).toContain('This code is wrong, or was used already.');
    const right = await browser.post('/sign-in/second-factor', {
      method: 'totp',
      code: await freshCode(roster, secret, id),
      keepSignedIn: 'yes',
      continue: `${APP}/`,
    });
    expect(right.setCookies.find((cookie) => cookie.startsWith('roster-session='))).toMatch(/; Max-Age=\d{5,}$/);
    expect((await browser.open(right.location!)).location).toBe(`${APP}/`);
    expect(await whoIs(browser)).toBe(email);
    // By a recovery code, whose form is a link away.
    const other = new PageBrowser(roster);
    const page = await signIn(other, email);
    const link = /href="([^"]*with[^"]*recovery-code[^"]*)"/.exec(page.text)![1]!.replaceAll('&#x3D;', '=');
    await other.submit(await other.open(link), { code: recoveryCodes[0]!, rememberDevice: 'yes' });
    expect(await whoIs(other)).toBe(email);
    // That browser is remembered, where the password is enough from now on.
    await other.post('/sign-out');
    await signIn(other, email);
    expect(await whoIs(other)).toBe(email);
  });

  it('begins again when the ticket is gone, also for a browser that refuses cookies', async () => {
    const email = 'expired@example.com';
    const { token } = await roster.join(email);
    await addTotp(roster, token);
    const browser = new PageBrowser(roster);
    const page = await signIn(browser, email);
    await roster.database.query('UPDATE sign_in_tickets SET expires_at = now()');
    const late = await browser.submit(page, { code: '000000' });
    expect([late.status, headingOf(late)]).toEqual([401, 'This sign-in has expired']);
    const refusing = await signIn(new PageBrowser(roster, false), email);
    expect([headingOf(refusing), refusing.text.includes('refuses our cookies')]).toEqual([
      'This sign-in has expired',
      true,
    ]);
  });
});

describe('where a team has pages of its own', () => {
  it('there are none of ours, and everything else is as before', async () => {
    const own = await startRoster({ HOSTED_PAGES: 'false' }, [], roster.database);
    try {
      for (const path of [
        '/sign-in',
        '/sign-up',
        '/sign-up/sent',
        '/forgot-password',
        '/account',
        '/sign-in/complete',
      ]) {
        const { body } = await own.api.get(path).expect(404);
        expect(body).toMatchObject({ code: 'not-found' });
        await own.api.post(path).type('form').send({}).expect(404);
      }
      await own.api
        .get('/')
        .set('accept', 'text/html')
        .expect(200, /Your account at Roster/);
      // Pages behind links name no page that is not there.
      const email = 'own-pages@example.com';
      await own.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
      const token = tokenIn(await own.inbox.waitFor(email));
      const done = await own.api.post('/auth/verify-email').type('form').send({ token }).expect(200);
      expect(done.text).toContain('You can close this page.');
      expect(done.text).not.toMatch(/href="\/(sign-in|account)/);
    } finally {
      await own.app.close();
      await own.inbox.down();
    }
  });
});

describe('behind TLS', () => {
  it('every cookie of the pages is of this host alone, and sent over TLS only', async () => {
    const url = 'https://accounts.example.com';
    const secure = await startRoster({ PUBLIC_URL: url }, [], roster.database);
    try {
      const browser = new PageBrowser(secure);
      const own = { origin: url };
      const answers = [
        await browser.post('/sign-up', { email: 'tls@example.com', password: PASSWORD }, own),
        await browser.post('/sign-up/sent', {}, own),
        await browser.post('/sign-in', { identifier: 'holder', password: PASSWORD }, own),
        await browser.post('/sign-in', { identifier: 'factor@example.com', password: PASSWORD }, own),
        await browser.post('/sign-out', {}, own),
      ];
      expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303]);
      const cookies = answers.flatMap(({ setCookies }) => setCookies);
      expect(new Set(cookies.map((cookie) => cookie.split('=', 1)[0]))).toEqual(
        new Set(
          ['registration', 'flash', 'session', 'device', 'second-factor', 'sign-in-step'].map(
            (name) => `__Host-roster-${name}`,
          ),
        ),
      );
      for (const cookie of cookies) expect(cookie).toMatch(/; Path=\/;.*HttpOnly; SameSite=(Lax|Strict); Secure/);
    } finally {
      await secure.app.close();
      await secure.inbox.down();
    }
  });
});
