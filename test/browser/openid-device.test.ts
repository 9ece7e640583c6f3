import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { collectComplaints, launchBrowser } from '../support/browser.js';
import { expectAccessible } from '../support/journey.js';
import { Application, type Tokens } from '../support/openid.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
const PHONE = { width: 320, height: 640 };

let roster: Roster;
let television: Application;
let browser: Browser;
beforeAll(async () => {
  roster = await startRoster();
  television = await Application.register(roster, await roster.signIn(), {
    ...{ name: 'Television', public: true },
    grantTypes: ['authorization_code', 'refresh_token', DEVICE_CODE],
  });
  await roster.join('ada@example.com');
  browser = await launchBrowser();
});
afterAll(async () => {
  await (browser as Browser | undefined)?.close();
  await (roster as Roster | undefined)?.stop();
});

interface Shown {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
}

/** What the device shows, and how it asks. */
async function begin(): Promise<Shown & { poll: () => Promise<{ status: number; body: unknown }> }> {
  const answer = await television.post('/oauth2/device-authorization', { scope: 'openid email' }).expect(200);
  const shown = answer.body as Shown;
  const form = { grant_type: DEVICE_CODE, device_code: shown.device_code };
  return { ...shown, poll: async () => television.post('/oauth2/token', form) };
}

/** The same page at the address of the test's server. */
const here = (uri: string): string => {
  const { pathname, search } = new URL(uri);
  return roster.url + pathname + search;
};

async function inBrowser(options: BrowserContextOptions, act: (page: Page) => Promise<void>): Promise<void> {
  const context: BrowserContext = await browser.newContext({ locale: 'en-GB', ...options });
  const complaints = collectComplaints(context);
  await act(await context.newPage());
  expect(complaints).toEqual([]);
  await context.close();
}

async function signIn(page: Page): Promise<void> {
  await page.locator('#identifier').fill('ada@example.com');
  await page.locator('#password').fill(PASSWORD);
  await page.locator('#password').press('Enter');
}

describe('a device that shows a code', () => {
  it('is connected by somebody who types it, signs in on the way, and looks at what it wants', async () => {
    const device = await begin();
    await inBrowser({}, async (page) => {
      await page.goto(here(device.verification_uri));
      await signIn(page);
      await page.getByLabel('Code').waitFor();
      await expectAccessible(page);
      expect(await page.evaluate('document.activeElement.id')).toBe('user-code');
      await page.keyboard.type(device.user_code.toLowerCase().replace('-', ' '));
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Connect this device?' }).waitFor();
      expect(await page.locator('main').innerText()).toContain(device.user_code);
      await expectAccessible(page);
      expect((await device.poll()).body).toMatchObject({ error: 'authorization_pending' });
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
      await expectAccessible(page);
    });
    const { status, body } = await device.poll();
    expect(status).toBe(200);
    const { body: who } = await television.userinfo((body as Tokens).access_token).expect(200);
    expect(who).toMatchObject({ email: 'ada@example.com' });
  });

  it('is connected without script, on a phone, by the address that it shows', async () => {
    const device = await begin();
    await inBrowser({ javaScriptEnabled: false, viewport: PHONE }, async (page) => {
      await page.goto(here(device.verification_uri_complete));
      await signIn(page);
      // What the address says is filled in, and not used: somebody else may have sent it.
      await page.waitForURL(/\/oauth2\/device/);
      expect(await page.getByLabel('Code').inputValue()).toBe(device.user_code);
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
    });
    expect((await device.poll()).status).toBe(200);
  });

  it('is refused in German, after a wrong code', async () => {
    const device = await begin();
    await inBrowser({ locale: 'de-DE', colorScheme: 'dark' }, async (page) => {
      await page.goto(here(device.verification_uri));
      await signIn(page);
      await page.getByLabel('Code').fill('BCDF-GHJK');
      await page.keyboard.press('Enter');
      await page.getByText('Dieser Code ist falsch', { exact: false }).waitFor();
      await expectAccessible(page);
      await page.getByLabel('Code').fill(device.user_code);
      await page.keyboard.press('Enter');
      await page.locator('form.onward button').click();
      await page.getByRole('heading', { name: /nicht verbunden/ }).waitFor();
    });
    expect((await device.poll()).body).toMatchObject({ error: 'access_denied' });
  });
});
