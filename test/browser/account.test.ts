import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { collectComplaints, launchBrowser, type RosterProcess, startRosterProcess } from '../support/browser.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { expectAccessible, heading } from '../support/journey.js';
import { codeOf } from '../support/totp.js';

const PASSWORD = 'nine brown foxes at dawn';
const NEXT = 'seven idle boats on slate water';
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 320, height: 640 };

let database: TestDatabase;
let roster: RosterProcess;
let browser: Browser;
let context: BrowserContext;
let complaints: string[];

beforeAll(async () => {
  browser = await launchBrowser();
  database = await createTestDatabase();
  roster = await startRosterProcess({ DATABASE_URL: database.url });
});

afterAll(async () => {
  // What did not start is not there to be stopped; why is what is to be read then.
  await (browser as Browser | undefined)?.close();
  await (roster as RosterProcess | undefined)?.stop();
  await (database as TestDatabase | undefined)?.drop();
});

beforeEach(() => open({ viewport: DESK }));
afterEach(() => context.close());

async function open(options: BrowserContextOptions): Promise<void> {
  await (context as BrowserContext | undefined)?.close();
  context = await browser.newContext({ locale: 'en-GB', ...options });
  complaints = collectComplaints(context);
}

async function call(method: string, path: string, body: object, cookie = ''): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', cookie };
  return fetch(`${roster.url}${path}`, { method, headers, body: JSON.stringify(body) });
}

/** Somebody who has registered and confirmed, by the shortest way. */
async function register(email: string): Promise<void> {
  await call('POST', '/auth/register', { email, password: PASSWORD, firstName: 'Ada', lastName: 'Lovelace' });
  await call('POST', '/auth/verify-email', { token: await mailedToken(email) });
}

/** Of the newest mail to this address. */
async function mailedToken(email: string): Promise<string> {
  let token: string | undefined;
  await eventually(async () => {
    const mails = await fetch(`${roster.mailboxUrl}/api/mails?to=${email}`);
    const [newest] = (await mails.json()) as { readonly text: string }[];
    token = /token=([\w.-]+)/.exec(newest?.text ?? '')?.[1];
    return token !== undefined;
  });
  return token ?? '';
}

/** The session of a sign-in, in this browser. */
async function signIn(email: string, password = PASSWORD): Promise<Page> {
  const response = await call('POST', '/auth/login', { identifier: email, password, session: 'cookie' });
  expect(response.status).toBe(200);
  const [, name = '', value = ''] = /(roster-session)=([^;]*)/.exec(response.headers.get('set-cookie') ?? '') ?? [];
  await context.addCookies([{ name, value, url: roster.url, httpOnly: true, sameSite: 'Lax' }]);
  const page = await context.newPage();
  await page.goto(`${roster.url}/account`);
  return page;
}

async function join(email: string): Promise<Page> {
  await register(email);
  return signIn(email);
}

/** Presses Tab until the element with this role and name has the focus. */
async function tabTo(page: Page, role: 'link' | 'button' | 'textbox', name: string | RegExp): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: typeof name === 'string' }).first();
  for (let presses = 0; presses < 60; presses += 1) {
    if ((await page.locator(':focus').and(wanted).count()) === 1) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reaches the ${role} ${String(name)} on ${page.url()}`);
}

async function pressKey(page: Page, role: 'link' | 'button', name: string | RegExp): Promise<void> {
  await tabTo(page, role, name);
  const loaded = page.waitForEvent('load');
  await page.keyboard.press('Enter');
  await loaded;
}

async function type(page: Page, name: string, text: string): Promise<void> {
  await tabTo(page, 'textbox', name);
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(text);
}

const flash = (page: Page): Promise<string> => page.getByRole('status').innerText();
const PAGES = [
  '',
  'profile',
  'addresses',
  'security',
  'password',
  'devices',
  'applications',
  'activity',
  'mails',
  'data',
];

describe('with the keyboard alone', () => {
  test('somebody changes the profile and the password, and is taken past the navigation', async () => {
    const page = await join('keys@example.com');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').innerText()).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await pressKey(page, 'link', 'Profile');
    await type(page, 'Nickname', 'ada');
    await pressKey(page, 'button', 'Save profile');
    expect(await flash(page)).toBe('Your profile is saved.');

    await pressKey(page, 'link', 'Sign-in and security');
    await pressKey(page, 'link', /^Change/);
    await type(page, 'Current password', PASSWORD);
    await type(page, 'New password', 'password1234');
    await pressKey(page, 'button', 'Change password');
    // The field that is wrong has the focus, and says what is.
    expect(await page.locator(':focus').getAttribute('name')).toBe('newPassword');
    await page.keyboard.type(NEXT);
    await type(page, 'Current password', PASSWORD);
    await pressKey(page, 'button', 'Change password');
    expect(await flash(page)).toContain('Your password is changed.');
    expect(complaints).toEqual([]);
  });
});

describe('with scripts switched off', () => {
  test('somebody sets up an authenticator app, confirms who they are, and removes it again', async () => {
    await open({ viewport: PHONE, javaScriptEnabled: false });
    const page = await join('plain@example.com');
    await page.getByRole('link', { name: 'Set up a second factor' }).click();
    expect(await heading(page)).toBe('Sign-in and security');
    // A button that could do nothing is not there.
    expect(await page.getByRole('button', { name: 'Add a passkey' }).isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
    expect(await page.getByRole('img', { name: /QR code/ }).isVisible()).toBe(true);
    const secret = await page.locator('code.whole').innerText();
    await page.getByLabel('Six digits').fill(await codeOf(secret));
    await page.getByRole('button', { name: 'Add authenticator app' }).click();
    expect(await heading(page)).toBe('Your recovery codes');
    const codes = await page.locator('.codes code').allInnerTexts();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download as a file' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe('recovery-codes.txt');
    await page.getByRole('link', { name: 'I have kept them' }).click();

    // Signed in before there was a second factor: now it is asked for, once.
    await page.getByRole('button', { name: 'Remove authenticator app' }).click();
    if ((await heading(page)) === 'Confirm that it is you') {
      await page.getByText('Use a recovery code').click();
      await page.getByLabel('Recovery code').fill(codes[0] ?? '');
      await page.getByRole('button', { name: 'Confirm' }).last().click();
      expect(await flash(page)).toContain('You can now make the change.');
      await page.getByRole('button', { name: 'Remove authenticator app' }).click();
    }
    expect(await flash(page)).toBe('The authenticator app is removed.');
    expect(complaints).toEqual([]);
  });

  test('the sections are reached on a phone of 320 px, and back', async () => {
    await open({ viewport: PHONE, javaScriptEnabled: false });
    const page = await join('phone@example.com');
    for (const name of ['Profile', 'Email and phone', 'Sign-in and security', 'Devices', 'Activity', 'Your data']) {
      await page.getByRole('navigation', { name: 'Sections of your account' }).getByRole('link', { name }).click();
      expect(await heading(page)).toBe(name);
      await page.getByRole('link', { name: 'Your account' }).click();
      expect(await heading(page)).toBe('Ada Lovelace');
    }
  });
});

describe('every page', () => {
  const LOOKS: [string, BrowserContextOptions][] = [
    ['on a phone of 320 px, in the dark and in German', { viewport: PHONE, colorScheme: 'dark', locale: 'de-DE' }],
    ['at 200 %', { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 }],
  ];

  test.each(LOOKS)('%s has nothing that axe-core finds, and nothing to scroll sideways for', async (look, options) => {
    await open(options);
    const email = `look-${LOOKS.findIndex(([name]) => name === look)}@example.com`;
    const page = await join(email);
    for (const path of PAGES) {
      await page.goto(`${roster.url}/account/${path}`.replace(/\/$/, ''));
      await expectAccessible(page);
      expect([path, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([path, true]);
    }
    expect(complaints).toEqual([]);
  });
});

describe('a screen reader', () => {
  test('hears the navigation, one heading, each field with its name, and what is wrong with it', async () => {
    const page = await join('reader@example.com');
    await page.goto(`${roster.url}/account/profile`);
    expect(await page.locator('body').ariaSnapshot()).toContain(
      `
- navigation "Your account":
  - list:
    - listitem:
      - link "Overview":
        - /url: /account
    - listitem:
      - link "Profile":
        - /url: /account/profile`.trim(),
    );
    expect(await page.getByRole('navigation').getByRole('link', { name: 'Profile' }).getAttribute('aria-current')).toBe(
      'page',
    );
    await page.getByLabel('GitHub').fill('github.com/ada');
    // Not what the browser itself would stop.
    await page.evaluate('for (const form of document.forms) form.noValidate = true');
    await page.getByRole('button', { name: 'Save profile' }).click();
    const main = await page.getByRole('main').ariaSnapshot();
    expect(main).toContain('- alert: Please check what you entered.');
    expect(main).toContain('- heading "Profile" [level=1]');
    expect(main).toMatch(/- textbox "GitHub"(?: \[[^\]]*\])*: github\.com\/ada/);
    const described = page.getByRole('textbox', { name: 'GitHub', description: /Enter an address such as/ });
    expect(await described.count()).toBe(1);
    expect(main.match(/\[level=1\]/g)).toHaveLength(1);
  });

  test('can tell buttons of a list apart', async () => {
    const page = await join('apart@example.com');
    await page.goto(`${roster.url}/account/addresses`);
    for (const value of ['one@example.com', 'two@example.com']) {
      await page.getByLabel('Address or number').fill(value);
      await page.getByRole('button', { name: 'Add', exact: true }).click();
    }
    await page.getByRole('button', { name: 'Remove one@example.com' }).click();
    expect(await flash(page)).toBe('The entry is removed.');
    const names = await page.getByRole('button').allTextContents();
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('a page that was left open', () => {
  test('leads through the sign-in page once the session has ended, and back to where it was', async () => {
    const page = await join('open@example.com');
    await page.goto(`${roster.url}/account/profile`);
    const [cookie] = await context.cookies();
    expect((await call('POST', '/auth/logout', {}, `${cookie?.name}=${cookie?.value}`)).status).toBe(204);
    await page.getByLabel('Nickname').fill('ada');
    await page.getByRole('button', { name: 'Save profile' }).click();
    await page.waitForURL(/\/sign-in\?continue=/);
    await page.getByLabel(/Email/).first().fill('open@example.com');
    await page.locator('input[type="password"]').fill(PASSWORD);
    await page.locator('main button[type="submit"]').first().click();
    await page.waitForURL(/\/account\/profile$/);
    expect(await heading(page)).toBe('Profile');
  });

  test('shows after the back button what is so now, and a button pressed twice does it once', async () => {
    const page = await join('twice@example.com');
    await page.goto(`${roster.url}/account/addresses`);
    await page.getByLabel('Address or number').fill('work@example.com');
    await page.getByRole('button', { name: 'Add', exact: true }).dblclick();
    await page.getByRole('status').waitFor();
    expect(await page.getByRole('button', { name: /^Remove/ }).count()).toBe(1);
    await page.goto(`${roster.url}/account/devices`);
    await page.goBack();
    expect(await page.getByRole('button', { name: /^Remove/ }).count()).toBe(1);
    expect(complaints).toEqual([]);
  });
});
