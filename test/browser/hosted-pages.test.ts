import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import {
  CHROMIUM_ARGUMENTS,
  collectComplaints,
  findChromium,
  launchBrowser,
  type RosterProcess,
  startRosterProcess,
} from '../support/browser.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { expectAccessible, followLink, heading, openMail } from '../support/journey.js';

const PASSWORD = 'nine brown foxes at dawn';
const ADMIN = { email: 'admin@example.com', password: 'correct horse battery staple' };

let database: TestDatabase;
let roster: RosterProcess;
let browser: Browser;
/** A page of the team's own, on another origin. */
let application: Server;
let app: string;
beforeAll(async () => {
  browser = await launchBrowser();
  database = await createTestDatabase();
  application = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<link rel="icon" href="data:,"><h1>The app</h1>');
  }).listen(0, '127.0.0.1');
  await once(application, 'listening');
  app = `http://localhost:${(application.address() as AddressInfo).port}`;
  roster = await startRosterProcess({
    DATABASE_URL: database.url,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    SIGN_IN_REDIRECTS: app,
  });
});
afterAll(async () => {
  await (browser as Browser | undefined)?.close();
  await (roster as RosterProcess | undefined)?.stop();
  await (database as TestDatabase | undefined)?.drop();
  (application as Server | undefined)?.close();
});

type ContextOptions = NonNullable<Parameters<Browser['newContext']>[0]>;

/** In a browser of its own, which must complain of nothing: no script that throws, nothing that the policy refuses. */
async function within(
  options: ContextOptions,
  work: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const complaints = collectComplaints(context);
  try {
    await work(await context.newPage(), context);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

const open = (page: Page, path: string) => page.goto(`${roster.url}${path}`);
const whoIs = async (context: BrowserContext): Promise<string | undefined> => {
  const response = await context.request.get(`${roster.url}/users/me`);
  return response.ok() ? ((await response.json()) as { email: string }).email : undefined;
};

async function signInAsAdmin(page: Page, path = '/sign-in'): Promise<void> {
  await open(page, path);
  await page.getByLabel('Email address or username').fill(ADMIN.email);
  await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** What has the focus: its name, and how that is shown. */
const FOCUS = `(() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const label = (element.labels?.[0] ?? element).innerText.trim();
  return { label, style: outlineStyle, width: parseFloat(outlineWidth) };
})()`;

describe('by keyboard alone', () => {
  /** Goes on by Tab, as somebody without a mouse does. @returns what has the focus then */
  const tabTo = async (page: Page, name: string): Promise<void> => {
    for (let presses = 0; presses < 20; presses++) {
      await page.keyboard.press('Tab');
      const { label, style, width } = await page.evaluate<{ label: string; style: string; width: number }>(FOCUS);
      if (label !== name) continue;
      // It can be seen where one is (WCAG 2.4.7).
      expect([name, style, width >= 2]).toEqual([name, 'solid', true]);
      return;
    }
    throw new Error(`Tab leads to no ${name}`);
  };

  test('somebody signs up, confirms the address, is signed in, signs out, and signs in again', async () => {
    await within({}, async (page, context) => {
      const email = 'keyboard@example.com';
      await open(page, '/');
      await tabTo(page, 'Create an account');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/sign-up$/);
      await tabTo(page, 'Email address');
      await page.keyboard.type(email);
      await tabTo(page, 'Password');
      await page.keyboard.type(PASSWORD);
      await tabTo(page, 'Show');
      await page.keyboard.press('Space');
      expect(await page.locator('#password').getAttribute('type')).toBe('text');
      await tabTo(page, 'Create account');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/sign-up\/sent$/);
      expect(await heading(page)).toBe('Check your inbox');
      const link = await followLink(await openMail(context, roster.mailboxUrl, email));
      await tabTo(link, 'Confirm my email address');
      await link.keyboard.press('Enter');
      await link.getByRole('link', { name: 'Continue' }).waitFor();
      expect(await whoIs(context)).toBe(email);
      await open(page, '/sign-in');
      await tabTo(page, 'Sign out');
      await page.keyboard.press('Enter');
      await page.getByText('You have signed out.').waitFor();
      expect(await whoIs(context)).toBeUndefined();
      await tabTo(page, 'Email address or username');
      await page.keyboard.type(email);
      await tabTo(page, 'Password');
      await page.keyboard.type(PASSWORD);
      // From the field itself: the button that signs in is the one that Enter means.
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/account/);
      expect(await whoIs(context)).toBe(email);
    });
  });
});

describe('without script', () => {
  test('somebody signs up, has the mail sent again, resets the password and signs in', async () => {
    await within({ javaScriptEnabled: false }, async (page, context) => {
      const email = 'no-script@example.com';
      await open(page, '/sign-up');
      await page.getByLabel('Email address').fill(email);
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      expect(await page.getByRole('button', { name: 'Show' }).count()).toBe(0);
      await page.getByRole('button', { name: 'Create account' }).click();
      await page.getByRole('button', { name: 'Send it again' }).click();
      await page.getByText('A fresh email is on its way.').waitFor();
      // The mailbox itself shows mails without script.
      const link = await followLink(await openMail(context, roster.mailboxUrl, email));
      await link.getByRole('button').click();
      await link.getByRole('link', { name: 'Continue' }).click();
      expect(await whoIs(context)).toBe(email);
      await open(page, '/forgot-password');
      await page.getByLabel('Email address').fill(email);
      await page.getByRole('button', { name: 'Send me a link' }).click();
      expect(await heading(page)).toBe('Check your inbox');
      const reset = await followLink(await openMail(context, roster.mailboxUrl, email, /password/i));
      await reset.getByLabel('New password').fill('seven idle boats on slate water');
      await reset.getByRole('button', { name: 'Set new password' }).click();
      await reset.getByRole('link', { name: 'Sign in' }).click();
      expect(await reset.getByLabel('Email address or username').inputValue()).toBe(email);
      await reset.getByLabel('Password', { exact: true }).fill('seven idle boats on slate water');
      await reset.getByRole('button', { name: 'Sign in', exact: true }).click();
      await reset.waitForURL(/\/account/);
      expect(await whoIs(context)).toBe(email);
    });
  });
});

describe('the way on', () => {
  test('leads to an application of the settings, which the policy of the page lets through', async () => {
    await within({}, async (page, context) => {
      await context.route(`${app}/**`, (route) =>
        route.fulfill({ contentType: 'text/html', body: '<h1>The app</h1>' }),
      );
      await signInAsAdmin(page, `/sign-in?continue=${encodeURIComponent(`${app}/start?x=1`)}`);
      await page.waitForURL(`${app}/start?x=1`);
      expect(await heading(page)).toBe('The app');
      // Back leads to the form, which still works, or says who is signed in.
      await page.goBack();
      await page.waitForLoadState();
      expect(['Sign in', 'You are signed in']).toContain(await heading(page));
    });
  });

  test('leads back to the page that somebody wanted to see', async () => {
    await within({}, async (page) => {
      await open(page, '/account/profile');
      await page.waitForURL(/\/sign-in\?continue=%2Faccount%2Fprofile$/);
      await signInAsAdmin(page, new URL(page.url()).pathname + new URL(page.url()).search);
      await page.waitForURL(/\/account\/profile$/);
    });
  });

  test('is one sign-in, however often the button is pressed', async () => {
    await within({}, async (page, context) => {
      let sent = 0;
      await context.route(`${roster.url}/sign-in`, async (route) => {
        if (route.request().method() === 'POST') sent += 1;
        await route.continue();
      });
      await open(page, '/sign-in');
      await page.getByLabel('Email address or username').fill(ADMIN.email);
      await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
      await page.getByRole('button', { name: 'Sign in', exact: true }).dblclick();
      await page.waitForURL(/\/account/);
      expect([sent, await whoIs(context)]).toEqual([1, ADMIN.email]);
    });
  });

  test('is seen in another tab, also when it leads out', async () => {
    await within({}, async (page, context) => {
      await signInAsAdmin(page);
      await page.waitForURL(/\/account/);
      const other = await context.newPage();
      await open(other, '/sign-in');
      expect(await heading(other)).toBe('You are signed in');
      await other.getByRole('button', { name: 'Sign out' }).click();
      await other.getByText('You have signed out.').waitFor();
      await page.reload();
      await page.waitForURL(/\/sign-in\?continue=/);
    });
  });
});

describe('a browser that refuses cookies', () => {
  test('is told so after the right password', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roster-cookies-'));
    mkdirSync(join(folder, 'Default'));
    const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
    writeFileSync(join(folder, 'Default', 'Preferences'), JSON.stringify(preferences));
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: findChromium(),
      args: [...CHROMIUM_ARGUMENTS],
      chromiumSandbox: process.getuid?.() !== 0,
    });
    try {
      const page = await context.newPage();
      await signInAsAdmin(page);
      await page.waitForURL(/\/sign-in\/complete/);
      expect(await heading(page)).toBe('Your browser did not keep you signed in');
      await page.getByRole('link', { name: 'Sign in again' }).click();
      expect(await heading(page)).toBe('Sign in');
    } finally {
      await context.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Each page before anybody is signed in, with what leads to its states. */
const PAGES: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  'to sign in': (page) => open(page, '/sign-in'),
  'to sign in, after a wrong password': async (page) => {
    await open(page, '/sign-in');
    await page.locator('#identifier').fill('nobody@example.com');
    await page.locator('#password').fill('wrong');
    await page.locator('button[type=submit]').first().click();
    await page.getByRole('alert').waitFor();
  },
  'to sign up': async (page) => {
    await open(page, '/sign-up');
    await page.locator('summary').click();
  },
  'to sign up, refused': async (page) => {
    await open(page, '/sign-up');
    await page.locator('#email').fill('weak@example.com');
    await page.locator('#password').fill('password1234');
    await page.locator('button[type=submit]').click();
    await page.locator('#refusal').waitFor();
  },
  'for a forgotten password': (page) => open(page, '/forgot-password'),
  'after a request for a link': async (page) => {
    await open(page, '/sign-in');
    await page.locator('#identifier').fill('somebody@example.com');
    await page.locator('button[formaction="/sign-in/link"]').click();
    await page.waitForURL(/\/sign-in\/link$/);
  },
  'of an expired sign-in': (page) => open(page, '/sign-in/second-factor'),
};

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test.each(Object.entries(PAGES))(
    'the page %s is accessible, and fits 320 px and 200 %% zoom',
    async (_name, reach) => {
      // What a desk of 1280 px has at 400 % and at 200 % (WCAG 1.4.10 and 1.4.4). The gallery's tests look at 1280 px.
      await within({ colorScheme, locale: 'de-DE', viewport: { width: 320, height: 800 } }, async (page) => {
        await reach(page);
        await expectAccessible(page);
        for (const width of [320, 640]) {
          await page.setViewportSize({ width, height: 800 });
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        }
      });
    },
  );
});
