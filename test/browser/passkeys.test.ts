import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { launchBrowser, type RosterProcess, startRosterProcess } from '../support/browser.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { expectAccessible, followLink, heading, openMail } from '../support/journey.js';

const PASSWORD = 'nine brown foxes at dawn';
const EMAIL = 'passkeys@example.com';

const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

let database: TestDatabase;
let roster: RosterProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let devtools: CDPSession;
let authenticatorId: string;
beforeAll(async () => {
  browser = await launchBrowser();
  database = await createTestDatabase();
  roster = await startRosterProcess({ DATABASE_URL: database.url });
  context = await browser.newContext({ locale: 'en', userAgent: USER_AGENT });
  page = await context.newPage();
  devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable', { enableUI: false });
  authenticatorId = await addAuthenticator();
});
afterAll(async () => {
  await (browser as Browser | undefined)?.close();
  await (roster as RosterProcess | undefined)?.stop();
  await (database as TestDatabase | undefined)?.drop();
});

async function addAuthenticator(): Promise<string> {
  const options = {
    ...({ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true } as const),
    ...{ isUserVerified: true, automaticPresenceSimulation: true },
  };
  return (await devtools.send('WebAuthn.addVirtualAuthenticator', { options })).authenticatorId;
}

/** Whether somebody is there to touch the authenticator. */
const touch = (enabled: boolean) =>
  devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });

const open = (path: string) => page.goto(`${roster.url}${path}`);
/** A page that leads on by itself, perhaps before it has loaded. */
async function openAndLeave(path: string): Promise<void> {
  const going = page.goto(`${roster.url}${path}`, { waitUntil: 'commit' });
  await going.catch((error: unknown) => {
    if (!/interrupted by another navigation|ERR_ABORTED/.test((error as Error).message)) throw error;
  });
  await page.waitForURL(/\/account/);
}

const button = (name: string) => page.getByRole('button', { name, exact: true });

async function signOut(): Promise<void> {
  await touch(false);
  await open('/sign-in');
  await button('Sign out').click();
  await page.getByText('You have signed out.').waitFor();
}

describe('a passkey in a browser', () => {
  test('is added after signing up, with recovery codes', async () => {
    await open('/sign-up');
    await page.getByLabel('Email address').fill(EMAIL);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await button('Create account').click();
    await page.waitForURL(/\/sign-up\/sent$/);
    const link = await followLink(await openMail(context, roster.mailboxUrl, EMAIL));
    await link.getByRole('button').click();
    await link.getByRole('link', { name: 'Continue' }).waitFor();
    // Browsers ask for passkeys only on the page in front.
    await page.bringToFront();
    await open('/account/security');
    await button('Add a passkey').click();
    await page
      .getByRole('heading', { name: /recovery codes/i })
      .first()
      .waitFor();
    await expectAccessible(page);
    await open('/account/security');
    await page.getByText('Chrome on Linux').first().waitFor();
    const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId });
    expect(credentials).toMatchObject([{ isResidentCredential: true, rpId: 'localhost' }]);
  });

  test('is not added twice to one device', async () => {
    await button('Add a passkey').click();
    await page.getByText('This device has a passkey for your account already.').waitFor();
  });

  test('signs in by the field for the user name', async () => {
    await signOut();
    await touch(true);
    await openAndLeave('/sign-in');
    expect(await heading(page)).not.toBe('Sign in');
  });

  test('signs in by the button, which says when nothing came of it', async () => {
    await signOut();
    await open('/sign-in');
    // As when somebody closes the browser's dialog, which no virtual authenticator does.
    await page.evaluate(`navigator.credentials.get = ({ mediation }) => {
      if (mediation === 'conditional') return new Promise(() => {});
      delete navigator.credentials.get;
      return Promise.reject(new DOMException('', 'NotAllowedError'));
    }`);
    await button('Sign in with a passkey').click();
    await page.getByRole('alert').filter({ hasText: 'The passkey was not used.' }).waitFor();
    await expectAccessible(page);
    // Before the browser asks the authenticator, and after the page has stopped to ask for the field.
    await page.route('**/auth/passkey/options', async (route) => {
      await touch(true);
      await route.continue();
    });
    await button('Sign in with a passkey').click();
    await page.waitForURL(/\/account/);
    await page.unroute('**/auth/passkey/options');
  });

  test('is the second factor after the password', async () => {
    await signOut();
    await open('/sign-in');
    await page.getByLabel('Email address or username').fill(EMAIL);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await button('Sign in').click();
    await page.waitForURL(/\/sign-in\/second-factor/);
    await expectAccessible(page);
    await touch(true);
    await button('Use a passkey').click();
    await page.waitForURL(/\/account/);
  });

  test('confirms who somebody is, is joined by a second one, and is removed', async () => {
    await database.query(`UPDATE sessions SET authenticated_at = now() - interval '11 minutes'`);
    await open('/account/security');
    await button('Add a passkey').click();
    await page.waitForURL(/\/account\/confirm/);
    await button('Use a passkey').click();
    await page.waitForURL(/\/account\/security/);
    await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    authenticatorId = await addAuthenticator();
    await button('Add a passkey').click();
    await page.getByText('The passkey is added.').waitFor();
    await page.getByRole('button', { name: 'Remove Chrome on Linux', exact: true }).click();
    await page.getByText('The passkey is removed.').waitFor();
    expect(await page.getByRole('link', { name: /^Rename/ }).count()).toBe(1);
    await signOut();
    await touch(true);
    await openAndLeave('/sign-in');
  });
});
