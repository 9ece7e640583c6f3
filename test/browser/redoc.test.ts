import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { collectComplaints, launchBrowser } from '../support/browser.js';
import { type Roster, startRoster } from '../support/roster.js';

let browser: Browser;
let roster: Roster;
beforeAll(async () => {
  [browser, roster] = await Promise.all([launchBrowser(), startRoster()]);
});
afterAll(async () => {
  await browser.close();
  await roster.stop();
});

it('/redoc shows the API document, and reaches nobody else', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const complaints = collectComplaints(context);
  const answered: string[] = [];
  context.on('response', (response) => answered.push(response.url()));
  const page = await context.newPage();
  await page.goto(`${roster.url}/redoc`);
  await page.getByText('/auth/register', { exact: true }).first().waitFor();
  expect(answered.filter((url) => /^https?:/.test(url) && !url.startsWith(roster.url))).toEqual([]);
  // The logo of its makers, which the page's policy refuses.
  expect(
    complaints.filter((complaint) => !complaint.includes('https://cdn.redoc.ly/redoc/logo-mini-full.svg')),
  ).toEqual([]);
});
