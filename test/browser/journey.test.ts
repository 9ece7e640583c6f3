import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import {
  collectComplaints,
  launchBrowser,
  operation,
  type RosterProcess,
  startRosterProcess,
  tryOut,
} from '../support/browser.js';
import { followLink, heading, openMail as openMailOf } from '../support/journey.js';

const PASSWORD = 'nine brown foxes at dawn';
const ADMIN = { email: 'admin@example.com', password: 'correct horse battery staple' };
const WIDTHS = [375, 1280];
const SCHEMES = ['light', 'dark'] as const;

let roster: RosterProcess;
let browser: Browser;
let context: BrowserContext;
let complaints: string[];

beforeAll(async () => {
  browser = await launchBrowser();
  roster = await startRosterProcess({ ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password });
});

afterAll(async () => {
  // Both may be missing when the start failed, which is what is to be read then.
  await (browser as Browser | undefined)?.close();
  await (roster as RosterProcess | undefined)?.stop();
});

beforeEach(async () => {
  await open({});
});

afterEach(async () => {
  await context.close();
});

async function open(options: { javaScriptEnabled?: boolean }): Promise<void> {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  complaints = collectComplaints(context);
}

async function post(path: string, body: object, headers: object = {}): Promise<Response> {
  return fetch(`${roster.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function register(email: string): Promise<void> {
  const response = await post('/auth/register', { email, password: PASSWORD });
  expect(response.status).toBe(202);
}

/** By the admin, who has a name to invite under. */
async function invite(email: string): Promise<void> {
  const login = await post('/auth/login', { identifier: ADMIN.email, password: ADMIN.password });
  const { accessToken } = (await login.json()) as { accessToken: string };
  const response = await post('/users', { email, firstName: 'Joan' }, { authorization: `Bearer ${accessToken}` });
  expect(response.status).toBe(201);
}

const openMail = async (email: string, subject = ''): Promise<Page> =>
  openMailOf(context, roster.mailboxUrl, email, subject);

/** The page in both widths and colour schemes: nothing is cut off, and it can be looked at in the folder SCREENSHOTS. */
async function look(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder) mkdirSync(folder, { recursive: true });
  const before = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      if (folder) await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
    }
    const widest = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect({ name, width, cut: widest > width }).toEqual({ name, width, cut: false });
  }
  await page.emulateMedia({ colorScheme: null });
  if (before) await page.setViewportSize(before);
}

describe('in a browser', () => {
  test('somebody registers through /docs, confirms from the mailbox, and signs in through /docs', async () => {
    const email = 'ada@example.com';
    const docs = await context.newPage();
    await docs.goto(`${roster.url}/docs`);
    const registration = await tryOut(await operation(docs, 'POST /auth/register'), { email, password: PASSWORD });
    expect(registration.status).toContain('202');

    const mail = await openMail(email);
    const page = await followLink(mail);
    expect(await heading(page)).toBe('Confirm your email address');
    expect(await page.locator('main').innerText()).toContain(email);
    expect(await page.locator('.aside').innerText()).toContain('127.0.0.1');
    await page.getByRole('button', { name: 'Confirm my email address' }).click();
    await page.waitForURL(`${roster.url}/auth/verify-email`);
    expect(await heading(page)).toBe('Your email address is confirmed');

    await docs.bringToFront();
    const login = await tryOut(await operation(docs, 'POST /auth/login'), { identifier: email, password: PASSWORD });
    expect(login.status).toContain('200');
    const { accessToken } = JSON.parse(login.body) as { accessToken: string };

    await docs.locator('.auth-wrapper button.authorize').first().click();
    const dialog = docs.locator('.dialog-ux');
    // Beside it stands the cookie, which the browser sends by itself.
    await dialog.getByRole('textbox', { name: 'auth-bearer-value' }).fill(accessToken);
    await dialog.getByRole('button', { name: 'Apply credentials' }).first().click();
    await dialog.getByRole('button', { name: 'Close' }).last().click();

    const me = await tryOut(await operation(docs, 'GET /users/me'));
    expect(me.status).toContain('200');
    expect(JSON.parse(me.body)).toMatchObject({ email, emailVerified: true, status: 'ACTIVE' });
    expect(complaints).toEqual([]);
  });

  test('an invited person chooses a password, after one that is refused, and signs in', async () => {
    const email = 'joan@clarke.example.com';
    await invite(email);
    const mail = await openMail(email);
    const page = await followLink(mail);
    expect(await heading(page)).toBe('Choose a password');
    expect(await page.getByLabel('Your email address').inputValue()).toBe(email);

    await page.getByLabel('New password').fill('joan joan joan');
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.locator('[role=alert]').waitFor();
    expect(await page.getByLabel('New password').getAttribute('aria-describedby')).toBe('refusal hint');

    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.waitForFunction('document.title.startsWith("Your account is ready")');
    expect((await post('/auth/login', { identifier: email, password: PASSWORD })).status).toBe(200);
    expect(await heading(await followLink(mail))).toBe('You have already accepted the invitation');
    expect(complaints).toEqual([]);
  });

  test('a second click says that the address is confirmed already; another dead link has a form for a fresh one', async () => {
    const email = 'grace@example.com';
    await register(email);
    const mail = await openMail(email);
    const first = await followLink(mail);
    const second = await followLink(mail);
    await first.getByRole('button').click();
    await first.waitForURL(`${roster.url}/auth/verify-email`);

    // Both ways: a button that was pressed once more, and a link that was opened once more.
    await second.getByRole('button').click();
    await second.waitForURL(`${roster.url}/auth/verify-email`);
    expect(await heading(second)).toBe('Your email address is already confirmed');
    const third = await followLink(mail);
    expect(await heading(third)).toBe('Your email address is already confirmed');

    await third.goto(`${roster.url}/auth/verify-email?token=nothing&utm_source=mail`);
    await third.getByLabel('Your email address').fill(email);
    await third.getByRole('button', { name: 'Send me a fresh link' }).click();
    await third.waitForURL(`${roster.url}/auth/resend-verification`);
    expect(await heading(third)).toBe('Check your inbox');
    expect(complaints).toEqual([]);
  });

  test('the form of a dead link asks for an address that can be one', async () => {
    const page = await context.newPage();
    await page.goto(`${roster.url}/auth/verify-email?token=nothing`);
    expect(await heading(page)).toBe('This link no longer works');
    await page.getByLabel('Your email address').fill('not an address');
    await page.getByRole('button').click();
    expect(await page.locator('input:invalid').count()).toBe(1);
    expect(page.url()).toContain('/auth/verify-email?token=nothing');
    expect(complaints).toEqual([]);
  });

  test('all of it works without JavaScript, and the pages are the same', async () => {
    const email = 'joan@example.com';
    await register(email);
    const scripted = await followLink(await openMail(email));
    const confirm = await scripted.content();
    await scripted.goto(`${roster.url}/auth/verify-email?token=nothing`);
    const expired = await scripted.content();
    await context.close();

    await open({ javaScriptEnabled: false });
    const mail = await openMail(email);
    const page = await followLink(mail);
    expect(await page.content()).toBe(confirm);
    await page.getByRole('button').click();
    await page.waitForURL(`${roster.url}/auth/verify-email`);
    expect(await heading(page)).toBe('Your email address is confirmed');
    await page.goto(`${roster.url}/auth/verify-email?token=nothing`);
    expect(await page.content()).toBe(expired);
    await page.getByLabel('Your email address').fill(email);
    await page.getByRole('button').click();
    expect(await heading(page)).toBe('Check your inbox');
    expect(complaints).toEqual([]);
  });

  test('a forgotten password is replaced from the mailbox without JavaScript, after one that is refused', async () => {
    const email = 'hedy@example.com';
    await register(email);
    const proof = await followLink(await openMail(email));
    await proof.getByRole('button').click();
    await proof.waitForURL(`${roster.url}/auth/verify-email`);
    await context.close();

    await open({ javaScriptEnabled: false });
    // Where it begins for a person who has nothing but an old link.
    const begin = await context.newPage();
    await begin.goto(`${roster.url}/auth/reset-password?token=nothing`);
    await begin.getByLabel('Your email address').fill(email);
    await begin.getByRole('button', { name: 'Send me a fresh link' }).click();
    expect(await heading(begin)).toBe('Check your inbox');
    const mail = await openMail(email, 'Choose a new password');
    const page = await followLink(mail);
    expect(await heading(page)).toBe('Choose a new password');
    expect(await page.getByLabel('Your email address').inputValue()).toBe(email);
    await page.getByLabel('New password').fill('hedy hedy hedy');
    await page.getByRole('button', { name: 'Set new password' }).click();
    await page.locator('[role=alert]').waitFor();
    expect(await page.getByLabel('New password').getAttribute('aria-describedby')).toBe('refusal hint');
    const next = 'seven idle boats on slate water';
    await page.getByLabel('New password').fill(next);
    await page.getByRole('button', { name: 'Set new password' }).click();
    expect(await heading(page)).toBe('Your password has been changed');
    expect((await post('/auth/login', { identifier: email, password: PASSWORD })).status).toBe(401);
    expect((await post('/auth/login', { identifier: email, password: next })).status).toBe(200);
    expect(await heading(await followLink(mail))).toBe('This link no longer works');
    expect(complaints).toEqual([]);
  });

  test('the mailbox and the page of the API fit a phone and a desk, light and dark', async () => {
    const email = 'a.rather.long.name.that.wraps.on.a.phone@subdomain.of.a.long.example.com';
    const docs = await context.newPage();
    await docs.goto(`${roster.url}/docs`);
    await docs.locator('.opblock').first().waitFor();
    await look(docs, 'docs');

    await register(email);
    const mail = await openMail(email);
    await mail.frameLocator('iframe.body').locator('a').first().waitFor();
    await look(mail, 'mailbox-mail');
    await mail.getByRole('link', { name: 'Text', exact: true }).click();
    await look(mail, 'mailbox-mail-text');
    await mail.goto(roster.mailboxUrl);
    await look(mail, 'mailbox');
    expect(complaints).toEqual([]);
  });
});
