import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import {
  collectComplaints,
  launchBrowser,
  operation,
  type RosterProcess,
  startRosterProcess,
  tryOut,
} from '../support/browser.js';

const PASSWORD = 'nine brown foxes at dawn';
const ADMIN = { email: 'admin@example.com', password: 'correct horse battery staple' };
const WIDTHS = [375, 1280];
const SCHEMES = ['light', 'dark'] as const;

jest.setTimeout(90_000);

let roster: RosterProcess;
let browser: Browser;
let context: BrowserContext;
let complaints: string[];

beforeAll(async () => {
  browser = await launchBrowser();
  roster = await startRosterProcess({ ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password });
}, 120_000);

afterAll(async () => {
  // Both may be missing when the start failed, which is what is to be read then.
  await (browser as Browser | undefined)?.close();
  await (roster as RosterProcess | undefined)?.stop();
}, 30_000);

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

/** The mailbox page with the mail to this address open. */
async function openMail(email: string, subject = ''): Promise<Page> {
  const page = await context.newPage();
  const mail = page.locator('#list a', { hasText: email }).filter({ hasText: subject }).first();
  for (let tries = 0; tries < 100; tries += 1) {
    await page.goto(roster.mailboxUrl);
    if ((await mail.count()) > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await mail.click();
  await page.waitForURL(/\/mails\//);
  return page;
}

/** Clicks the link inside the mail, which stands in a sandboxed frame. */
async function followLink(mail: Page): Promise<Page> {
  const [page] = await Promise.all([
    context.waitForEvent('page'),
    mail.frameLocator('iframe.body').locator('a[href*="token="]').first().click(),
  ]);
  await page.waitForLoadState();
  return page;
}

async function heading(page: Page): Promise<string> {
  return page.locator('h1').innerText();
}

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
    await dialog.getByRole('textbox').fill(accessToken);
    await dialog.getByRole('button', { name: 'Apply credentials' }).click();
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
    await mail.frameLocator('iframe.body').locator('a').first().waitFor();
    await look(mail, 'mail-invitation');
    const page = await followLink(mail);
    expect(await heading(page)).toBe('Choose a password');
    expect(await page.getByLabel('Your email address').inputValue()).toBe(email);
    await look(page, 'accept-invitation');

    await page.getByLabel('New password').fill('joan joan joan');
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.locator('[role=alert]').waitFor();
    expect(await page.getByLabel('New password').getAttribute('aria-describedby')).toBe('refusal hint');
    await look(page, 'accept-invitation-refused');

    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.waitForFunction('document.title.startsWith("Your account is ready")');
    await look(page, 'invitation-accepted');
    expect((await post('/auth/login', { identifier: email, password: PASSWORD })).status).toBe(200);
    expect(await heading(await followLink(mail))).toBe('This link no longer works');
    expect(complaints).toEqual([]);
  });

  test('a link that was used shows how to ask for a fresh one, and its form works', async () => {
    const email = 'grace@example.com';
    await register(email);
    const mail = await openMail(email);
    const first = await followLink(mail);
    const second = await followLink(mail);
    await first.getByRole('button').click();
    await first.waitForURL(`${roster.url}/auth/verify-email`);

    // Both ways: a button that was pressed too late, and a link that was opened too late.
    await second.getByRole('button').click();
    await second.waitForURL(`${roster.url}/auth/verify-email`);
    expect(await heading(second)).toBe('This link no longer works');
    const third = await followLink(mail);
    expect(await heading(third)).toBe('This link no longer works');

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

  test('a further address is confirmed from the mailbox, and its mail and pages fit a phone and a desk', async () => {
    const email = 'dorothy@example.com';
    await register(email);
    const proof = await followLink(await openMail(email));
    await proof.getByRole('button').click();
    await proof.waitForURL(`${roster.url}/auth/verify-email`);
    const login = await post('/auth/login', { identifier: email, password: PASSWORD });
    const { accessToken, user } = (await login.json()) as { accessToken: string; user: { id: string } };

    const further = 'a.rather.long.further.address.of.hers@subdomain.of.a.long.example.com';
    const body = { kind: 'email', value: further, label: 'Work' };
    const added = await post(`/users/${user.id}/contacts`, body, { authorization: `Bearer ${accessToken}` });
    expect(added.status).toBe(201);
    const mail = await openMail(further);
    await mail.frameLocator('iframe.body').locator('a').first().waitFor();
    await look(mail, 'mail-confirm-contact');
    const page = await followLink(mail);
    expect(await page.locator('main').innerText()).toContain(further);
    await look(page, 'confirm-contact');
    await page.getByRole('button', { name: 'Confirm my email address' }).click();
    await page.waitForURL(`${roster.url}/auth/confirm-contact`);
    expect(await heading(page)).toBe('Your email address is confirmed');
    await look(page, 'contact-confirmed');
    const again = await followLink(mail);
    expect(await heading(again)).toBe('This link no longer works');
    expect(await again.locator('form').count()).toBe(0);
    await look(again, 'contact-link-expired');
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
    expect(await heading(page)).toBe('Your password is changed');
    expect((await post('/auth/login', { identifier: email, password: PASSWORD })).status).toBe(401);
    expect((await post('/auth/login', { identifier: email, password: next })).status).toBe(200);
    expect(await heading(await followLink(mail))).toBe('This link no longer works');
    expect(complaints).toEqual([]);
  });

  test('pages and mails of passwords, addresses and links to sign in fit a phone and a desk', async () => {
    const email = 'a.rather.long.name.of.katherine@subdomain.of.a.long.example.com';
    const next = 'a.rather.long.new.name.of.hers@subdomain.of.a.long.example.com';
    await register(email);
    const proof = await followLink(await openMail(email));
    await proof.getByRole('button').click();
    await proof.waitForURL(`${roster.url}/auth/verify-email`);
    const login = await post('/auth/login', { identifier: email, password: PASSWORD });
    const { accessToken, user } = (await login.json()) as { accessToken: string; user: { id: string } };
    let mail: Page | undefined;
    const showMail = async (to: string, subject: string, name: string): Promise<Page> => {
      // Each holds a stream of events, and a browser has six connections for one host.
      await mail?.close();
      mail = await openMail(to, subject);
      await mail.frameLocator('iframe.body').locator('h1').waitFor();
      await look(mail, `mail-${name}`);
      return mail;
    };

    await post('/auth/magic-link/request', { email });
    const magic = await followLink(await showMail(email, 'Sign in to', 'magic-link'));
    await look(magic, 'magic-link');
    await magic.goto(`${roster.url}/auth/magic-link?token=nothing`);
    await magic.getByLabel('Your email address').fill(email);
    await magic.getByRole('button').click();
    await magic.waitForURL(`${roster.url}/auth/magic-link/request`);
    await look(magic, 'magic-link-requested');

    for (const newEmail of [next, ADMIN.email]) {
      const response = await fetch(`${roster.url}/users/${user.id}/email`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
        body: JSON.stringify({ newEmail, currentPassword: PASSWORD }),
      });
      expect(response.status).toBe(202);
      if (newEmail === ADMIN.email) continue;
      await showMail(email, 'about to change', 'email-change-requested');
      const page = await followLink(await showMail(next, 'Confirm your new', 'confirm-email-change'));
      await look(page, 'confirm-email-change');
      await page.getByRole('button').click();
      await page.waitForURL(`${roster.url}/auth/confirm-email-change`);
      await look(page, 'email-changed');
      await showMail(email, 'has changed', 'email-changed');
    }
    await showMail(ADMIN.email, 'has an account', 'email-change-taken');

    await post('/auth/request-password-reset', { email: next });
    const reset = await followLink(await showMail(next, 'Choose a new password', 'reset-password'));
    await look(reset, 'reset-password');
    await reset.getByLabel('New password').fill('password1234');
    await reset.getByRole('button').click();
    await reset.locator('[role=alert]').waitFor();
    await look(reset, 'reset-password-refused');
    await reset.getByLabel('New password').fill('seven idle boats on slate water');
    await reset.getByRole('button').click();
    await reset.waitForFunction('document.title.startsWith("Your password is changed")');
    await look(reset, 'password-reset');
    await showMail(next, 'password at', 'password-changed');
    await reset.goto(`${roster.url}/auth/reset-password?token=nothing`);
    await reset.getByLabel('Your email address').fill(next);
    await reset.getByRole('button').click();
    await reset.waitForURL(`${roster.url}/auth/request-password-reset`);
    await look(reset, 'reset-requested');
    expect(complaints).toEqual([]);
  });

  test('every page fits a phone and a desk, light and dark', async () => {
    const email = 'a.rather.long.name.that.wraps.on.a.phone@subdomain.of.a.long.example.com';
    const docs = await context.newPage();
    await docs.goto(`${roster.url}/docs`);
    await docs.locator('.opblock').first().waitFor();
    await look(docs, 'docs');

    await register(email);
    const mail = await openMail(email);
    await mail.frameLocator('iframe.body').locator('a').first().waitFor();
    await look(mail, 'mail');
    await mail.getByRole('link', { name: 'Text', exact: true }).click();
    await look(mail, 'mail-text');
    await mail.getByRole('link', { name: 'HTML', exact: true }).click();
    const page = await followLink(mail);
    await look(page, 'verify-email');
    await page.getByRole('button').click();
    await page.waitForURL(`${roster.url}/auth/verify-email`);
    await look(page, 'email-verified');
    await page.goto(`${roster.url}/auth/verify-email?token=nothing`);
    await look(page, 'link-expired');
    await page.getByLabel('Your email address').fill(email);
    await page.getByRole('button').click();
    await page.waitForURL(`${roster.url}/auth/resend-verification`);
    await look(page, 'resend-sent');
    await page.goto(`${roster.url}/auth/verify-email`);
    await look(page, 'error');
    await mail.goto(roster.mailboxUrl);
    await look(mail, 'mailbox');
    expect(complaints).toEqual([]);
  });
});
