import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { collectComplaints, launchBrowser, type RosterProcess, startRosterProcess } from '../support/browser.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { expectAccessible, followLink, heading, openMail } from '../support/journey.js';

const PASSWORD = 'nine brown foxes at dawn';
const NEXT = 'seven idle boats on slate water';
const ADMIN = { email: 'admin@example.com', password: 'correct horse battery staple' };

let database: TestDatabase;
let roster: RosterProcess;
let browser: Browser;
let context: BrowserContext;
let complaints: string[];

beforeAll(async () => {
  browser = await launchBrowser();
  database = await createTestDatabase();
  roster = await startRosterProcess({
    DATABASE_URL: database.url,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    LOCKOUT_THRESHOLD: '3',
  });
});

afterAll(async () => {
  // What did not start is not there to be stopped; why is what is to be read then.
  await (browser as Browser | undefined)?.close();
  await (roster as RosterProcess | undefined)?.stop();
  await (database as TestDatabase | undefined)?.drop();
});

beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  complaints = collectComplaints(context);
});
afterEach(() => context.close());

async function call(method: string, path: string, body: object, token?: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${roster.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, ...(text === '' ? {} : (JSON.parse(text) as object)) };
}

interface SignedIn {
  readonly status: number;
  readonly accessToken: string;
  readonly id: string;
}

async function signIn(identifier: string, password = PASSWORD): Promise<SignedIn> {
  const { status, accessToken, user } = await call('POST', '/auth/login', { identifier, password });
  return {
    status: Number(status),
    accessToken: String(accessToken),
    id: (user as { id: string } | undefined)?.id ?? '',
  };
}

async function register(email: string, more: object = {}): Promise<void> {
  expect(await call('POST', '/auth/register', { email, password: PASSWORD, ...more })).toMatchObject({ status: 202 });
}

/** Somebody who has proved the address, by the shortest way. */
async function join(email: string, more: object = {}): Promise<SignedIn> {
  const { accessToken } = await signIn(ADMIN.email, ADMIN.password);
  await call('POST', '/users', { email, ...more }, accessToken);
  const page = await followLink(await openMail(context, roster.mailboxUrl, email, /invite|lädt|laden/));
  await page.locator('#new-password').fill(PASSWORD);
  await page.locator('button[type=submit]').click();
  // A page that is closed takes its request along.
  await page.waitForURL(/\/auth\/accept-invitation$/);
  await page.close();
  return signIn(email);
}

/** A kind of link: how one comes to be, and what its page does. */
interface Kind {
  readonly kind: string;
  readonly purpose: string;
  readonly ask: (email: string) => Promise<{ to?: string } | undefined>;
  readonly subject: string;
  readonly heading: string;
  /** What is pressed; a page that only shows something has none. */
  readonly button?: string;
  readonly fill?: (page: Page) => Promise<void>;
  readonly done: string;
  /** Whether the page of a dead link has a form that asks for a fresh one. */
  readonly fresh: boolean;
  /** The heading of its page once it was used. */
  readonly used: string;
  readonly after?: (email: string) => Promise<void>;
}

const choosePassword = (page: Page): Promise<void> => page.getByLabel('New password').fill(NEXT);

const KINDS: Kind[] = [
  {
    kind: 'registration',
    purpose: 'verify-email',
    ask: async (email) => {
      await register(email);
      return undefined;
    },
    subject: 'Confirm your email address',
    heading: 'Confirm your email address',
    button: 'Confirm my email address',
    done: 'Your email address is confirmed',
    fresh: true,
    used: 'Your email address is already confirmed',
    after: async (email) => expect(await signIn(email)).toMatchObject({ status: 200 }),
  },
  {
    kind: 'invitation',
    purpose: 'invitation',
    ask: async (email) => {
      const { accessToken } = await signIn(ADMIN.email, ADMIN.password);
      await call('POST', '/users', { email, firstName: 'Joan' }, accessToken);
      return undefined;
    },
    subject: 'invite',
    heading: 'Choose a password',
    fill: choosePassword,
    button: 'Set password',
    done: 'Your account is ready',
    fresh: true,
    used: 'You have already accepted the invitation',
    after: async (email) => expect(await signIn(email, NEXT)).toMatchObject({ status: 200 }),
  },
  {
    kind: 'password reset',
    purpose: 'reset-password',
    ask: async (email) => {
      await join(email);
      expect(await call('POST', '/auth/request-password-reset', { email })).toMatchObject({ status: 202 });
      return undefined;
    },
    subject: 'Choose a new password',
    heading: 'Choose a new password',
    fill: choosePassword,
    button: 'Set new password',
    done: 'Your password has been changed',
    fresh: true,
    used: 'This link no longer works',
    after: async (email) => {
      expect(await signIn(email)).toMatchObject({ status: 401 });
      expect(await signIn(email, NEXT)).toMatchObject({ status: 200 });
    },
  },
  {
    kind: 'email change',
    purpose: 'confirm-email-change',
    ask: async (email) => {
      const { id, accessToken } = await join(email);
      const asked = { newEmail: `new-${email}`, currentPassword: PASSWORD };
      expect(await call('PUT', `/users/${id}/email`, asked, accessToken)).toMatchObject({ status: 202 });
      return { to: `new-${email}` };
    },
    subject: 'Confirm your new email address',
    heading: 'Confirm your new email address',
    fill: (page) => page.getByLabel('Current password').fill(PASSWORD),
    button: 'Confirm my new email address',
    done: 'Your email address has been changed',
    fresh: false,
    used: 'Your email address is already confirmed',
    after: async (email) => expect(await signIn(`new-${email}`)).toMatchObject({ status: 200 }),
  },
  {
    kind: 'contact',
    purpose: 'confirm-contact',
    ask: async (email) => {
      const { id, accessToken } = await join(email);
      const contact = { kind: 'email', value: `work-${email}` };
      expect(await call('POST', `/users/${id}/contacts`, contact, accessToken)).toMatchObject({ status: 201 });
      return { to: `work-${email}` };
    },
    subject: 'Confirm another email address',
    heading: 'Confirm your email address',
    button: 'Confirm my email address',
    done: 'Your email address is confirmed',
    fresh: false,
    used: 'Your email address is already confirmed',
  },
  {
    kind: 'lock',
    purpose: 'unlock',
    ask: async (email) => {
      await join(email);
      for (let time = 0; time < 3; time += 1) await signIn(email, NEXT);
      expect(await signIn(email)).toMatchObject({ status: 401 });
      return undefined;
    },
    subject: 'Too many wrong passwords',
    heading: 'Unlock your account',
    button: 'Unlock my account',
    done: 'Your account is unlocked',
    fresh: false,
    used: 'Your account is already unlocked',
    after: async (email) => expect(await signIn(email)).toMatchObject({ status: 200 }),
  },
  {
    kind: 'magic link',
    purpose: 'magic-link',
    ask: async (email) => {
      await call('POST', '/auth/magic-link/request', { email });
      return undefined;
    },
    subject: 'Sign in to',
    heading: 'Sign in',
    // For an application that takes the whole token, the page has that too.
    fill: async (page) => {
      await page.getByText('The app asks for a longer code').click();
      const token = await page.locator('code').innerText();
      expect(await call('POST', '/auth/magic-link', { token })).toMatchObject({ status: 200 });
    },
    done: 'This link no longer works',
    fresh: true,
    used: 'This link no longer works',
  },
];

async function setExpired(purpose: string, expired: boolean): Promise<void> {
  const sign = expired ? '-' : '+';
  await database.query(
    `UPDATE one_time_tokens SET expires_at = expires_at ${sign} interval '30 days' WHERE purpose LIKE $1 AND used_at IS NULL`,
    [`${purpose}%`],
  );
}

describe('the link of', () => {
  test.each(KINDS)('a $kind: from its mail to its page and what that does, expired, and used', async (kind) => {
    const email = `${kind.purpose}@example.com`;
    const to = (await kind.ask(email))?.to ?? email;
    const mail = await openMail(context, roster.mailboxUrl, to, kind.subject);
    const page = await followLink(mail);
    expect(await heading(page)).toBe(kind.heading);
    await expectAccessible(page);

    await setExpired(kind.purpose, true);
    const expired = await followLink(mail);
    expect(await heading(expired)).toBe('This link no longer works');
    expect(await expired.locator('form').count()).toBe(kind.fresh ? 1 : 0);
    await expectAccessible(expired);
    await setExpired(kind.purpose, false);

    await kind.fill?.(page);
    if (kind.button === undefined) await page.reload();
    else await page.getByRole('button', { name: kind.button }).click();
    await page.waitForURL(/\/auth\//);
    expect(await heading(page)).toBe(kind.done);
    await expectAccessible(page);
    await kind.after?.(email);

    const used = await followLink(mail);
    expect(await heading(used)).toBe(kind.used);
    await expectAccessible(used);
    expect(complaints).toEqual([]);
  });

  test('a person who reads German is German to the end, and its mail too, whatever the browser is set to', async () => {
    const email = 'resi@example.com';
    await register(email, { firstName: 'Resi', locale: 'de-AT' });
    const mail = await openMail(context, roster.mailboxUrl, email, 'Bestätigen Sie Ihre E-Mail-Adresse');
    expect(await mail.frameLocator('iframe.body').locator('h1').innerText()).toBe('E-Mail-Adresse bestätigen');
    const page = await followLink(mail);
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    await page.getByRole('button', { name: 'E-Mail-Adresse bestätigen' }).click();
    expect(await heading(page)).toBe('Ihre E-Mail-Adresse ist bestätigt');
    expect(await heading(await followLink(mail))).toBe('Ihre E-Mail-Adresse ist bereits bestätigt');
    expect(complaints).toEqual([]);
  });
});
