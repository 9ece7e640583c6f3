import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { collectComplaints, launchBrowser, type RosterProcess, startRosterProcess } from '../support/browser.js';
import { expectAccessible, followLink, heading, openMail } from '../support/journey.js';

let roster: RosterProcess;
let browser: Browser;
let laptop: BrowserContext;
let phone: BrowserContext;
let complaints: string[][];
beforeAll(async () => {
  browser = await launchBrowser();
  roster = await startRosterProcess();
});
afterAll(async () => {
  // What did not start is not there to be stopped; why is what is to be read then.
  await (browser as Browser | undefined)?.close();
  await (roster as RosterProcess | undefined)?.stop();
});

const PHONE = { width: 320, height: 700 };
beforeEach(async () => {
  laptop = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  phone = await browser.newContext({
    viewport: PHONE,
    colorScheme: 'dark',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  complaints = [collectComplaints(laptop), collectComplaints(phone)];
});
afterEach(async () => {
  await laptop.close();
  await phone.close();
  expect(complaints.flat()).toEqual([]);
});

/** Asks on the page to sign in. */
async function ask(email: string): Promise<Page> {
  const page = await laptop.newPage();
  await page.goto(`${roster.url}/sign-in`);
  await page.getByLabel('Email address or username').fill(email);
  await page.getByRole('button', { name: 'Email me a sign-in link' }).click();
  await page.waitForURL(/\/sign-in\/link$/);
  expect(await heading(page)).toBe('Check your inbox');
  await expectAccessible(page);
  return page;
}

const openOn = async (context: BrowserContext, email: string) =>
  followLink(await openMail(context, roster.mailboxUrl, email, 'Sign in to'));

describe('a sign-in link that was asked for on a laptop', () => {
  test('is opened there, and one button signs in', async () => {
    await ask('same@example.com');
    const page = await openOn(laptop, 'same@example.com');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(/\/account$/);
  });

  test('is opened on a phone, which shows a code to copy or to read out to oneself, and the laptop is signed in', async () => {
    const waiting = await ask('other@example.com');
    const page = await openOn(phone, 'other@example.com');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Copy the code' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const code = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(code).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/);
    // Nothing has happened on the phone, and everything that is there is reached by the keyboard.
    await page.getByText('Sign in on this device instead').press('Enter');
    expect(await page.getByRole('button', { name: 'Sign in here as other@example.com' }).isVisible()).toBe(true);
    await expectAccessible(page);

    await waiting.getByLabel('Code').fill('2222-2222');
    await waiting.keyboard.press('Enter');
    await waiting.getByRole('alert').waitFor();
    await expectAccessible(waiting);
    await waiting.getByLabel('Code').fill(code.toLowerCase());
    await waiting.keyboard.press('Enter');
    await waiting.waitForURL(/\/account$/);
    expect((await laptop.cookies()).map(({ name }) => name)).not.toContain('roster-magic-link');
    await page.reload();
    expect(await heading(page)).toBe('This link no longer works');
  });
});
