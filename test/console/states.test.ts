import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type RosterProcess, startRosterProcess, freePort } from '../support/browser.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  ADMIN,
  type Console,
  type Credentials,
  expectGoodPage,
  refuse,
  signIn,
  startConsole,
} from './support/console.js';

let roster: Console;
let manager: Credentials & { readonly id: string };
beforeAll(async () => {
  roster = await startConsole();
  manager = await roster.join('manager@example.com', 'MANAGER');
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
});

const REFUSED = [/Failed to load resource/];
/** What every page below is tried with: the one that is there from the first day. */
const SESSION = '**/auth/session';
const dialog = (page: Page, name: string) => page.getByRole('alertdialog', { name });

describe('a session', () => {
  test('that was ended elsewhere shows by itself, and leads back to the very address', async () => {
    await roster.visit(
      manager,
      async ({ page, context, open }) => {
        await open('/help?about=ada');
        const token = await roster.roster.signIn(manager.email, manager.password);
        await roster.roster.api.delete('/auth/sessions').set('authorization', `Bearer ${token}`).expect(204);
        await dialog(page, 'Your session has ended').waitFor();
        await expectGoodPage(page, 'a session that has ended');
        // It has to be answered.
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: 'Sign in again' }).click();
        await page.waitForURL(/\/sign-in\?continue=%2Fconsole%2Fhelp%3Fabout%3Dada$/);
        await page.getByLabel('Email address or username').fill(manager.email);
        await page.getByLabel('Password', { exact: true }).fill(manager.password);
        await page.getByRole('button', { name: 'Sign in', exact: true }).click();
        await page.waitForURL(/\/console\/help\?about=ada$/);
        expect((await context.cookies()).length).toBeGreaterThan(0);
      },
      { expects: REFUSED },
    );
  });

  test('of somebody who signs in again in another tab goes on by itself; that of another account does not', async () => {
    await roster.visit(
      manager,
      async ({ page, context, open }) => {
        await open('/help');
        await context.clearCookies();
        await dialog(page, 'Your session has ended').waitFor();
        const opened = context.waitForEvent('page');
        await page.getByRole('link', { name: 'sign in in another tab' }).click();
        const tab = await opened;
        await tab.getByLabel('Email address or username').fill(manager.email);
        await tab.getByLabel('Password', { exact: true }).fill(manager.password);
        await tab.getByRole('button', { name: 'Sign in', exact: true }).click();
        await tab.waitForURL(/\/console\/help$/);
        await tab.close();
        await dialog(page, 'Your session has ended').waitFor({ state: 'detached' });
        await context.clearCookies();
        await signIn(context, roster.url, ADMIN);
        await dialog(page, 'Somebody else is signed in now').waitFor();
        await page.getByRole('button', { name: 'Load the page again' }).click();
        await page.getByRole('button', { name: `Account: ${ADMIN.email}` }).waitFor();
      },
      { expects: REFUSED },
    );
  });

  test('is signed out by the menu, which leads to the sign-in', async () => {
    await roster.visit(manager, async ({ page, open }) => {
      await open('/help');
      await page.getByRole('button', { name: /^Account: / }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      await page.waitForURL(/\/sign-in\?continue=%2Fconsole/);
    });
  });
});

describe('the role', () => {
  test('of a MANAGER leaves out the pages for admins, whose addresses say "not allowed" and why', async () => {
    await roster.visit(
      manager,
      async ({ page, open }) => {
        await open('/people');
        expect(await page.locator('nav[aria-label="Main"] a').allInnerTexts()).toEqual(['People', 'Help']);
        expect(await page.getByText('First steps').count()).toBe(0);
        for (const path of ['/events', '/webhooks']) {
          await open(path);
          await page.getByRole('heading', { name: 'Not allowed' }).waitFor();
          await page
            .getByText(/Your role does not allow this|ADMIN/)
            .first()
            .waitFor();
        }
      },
      { expects: REFUSED },
    );
  });

  test('that is taken while the console is open is noticed', async () => {
    const second = await roster.join('second@example.com', 'MANAGER');
    await roster.visit(
      second,
      async ({ page, open }) => {
        await open('/help');
        const admin = { authorization: `Bearer ${await roster.roster.signIn()}` };
        await roster.roster.api.put(`/users/${second.id}/role`).set(admin).send({ role: 'AUTHENTICATED' }).expect(200);
        await page.getByText(/Your account has the role AUTHENTICATED|You were signed out/).waitFor();
      },
      { expects: REFUSED },
    );
  });
});

describe('the network', () => {
  test('may be lost and found again: the page says so, and brings itself up to date', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, context, open }) => {
        await open('/people');
        await context.setOffline(true);
        await page.getByText('You are offline.').waitFor();
        await expectGoodPage(page, 'offline');
        await context.setOffline(false);
        await page.getByText('Connected again.').waitFor();
        await page.getByText('Connected again.').waitFor({ state: 'detached' });
      },
      // The pages that are fetched ahead while nothing else is to be done, too.
      { expects: [...REFUSED, /ERR_INTERNET_DISCONNECTED/, /Couldn't load preload assets/] },
    );
  });

  test('may be slow: the page waits, with what is known already', async () => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      const delay = 2000;
      let answer = () => new Promise((resolve) => setTimeout(resolve, delay));
      for (const path of [SESSION, '**/users?*', '**/health/details']) {
        await page.route(path, async (route) => {
          await answer();
          await route.continue();
        });
      }
      const begin = Date.now();
      await open('/people');
      expect(Date.now() - begin).toBeGreaterThanOrEqual(delay);
      let arrive = (_: unknown) => {};
      const arrival = new Promise((resolve) => (arrive = resolve));
      answer = () => arrival;
      await page.getByRole('link', { name: 'Help' }).click();
      await page.getByRole('heading', { level: 1, name: 'Help' }).waitFor();
      arrive(undefined);
    });
  });
});

describe('a call', () => {
  test('that is answered by 500 or 503 says so, and the next good answer ends it', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/help');
        for (const [status, code] of [
          [500, 'internal-error'],
          [503, 'shutting-down'],
        ] as const) {
          await refuse(page, SESSION, { status, code });
          await page.getByText('The server does not answer.').waitFor();
          await page.unroute(SESSION);
          await page.getByText('Connected again.').waitFor();
        }
      },
      { expects: REFUSED },
    );
  });

  test('over a limit leaves what is shown', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/help');
        const answered = page.waitForResponse((response) => response.status() === 429);
        await refuse(page, SESSION, { status: 429, code: 'too-many-requests', headers: { 'retry-after': '2' } });
        await answered;
        await page.getByRole('heading', { level: 1, name: 'Help' }).waitFor();
      },
      { expects: REFUSED },
    );
  });
});

describe('a server', () => {
  let server: RosterProcess | undefined;
  let database: TestDatabase | undefined;
  afterAll(async () => {
    await server?.stop();
    await database?.drop();
  });

  test('that is restarted under the console is waited for, and found again', async () => {
    database = await createTestDatabase();
    const environment = {
      DATABASE_URL: database.url,
      SECRET_KEY: 'k3yZ'.repeat(12),
      PORT: String(await freePort()),
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_PASSWORD: ADMIN.password,
    };
    server = await startRosterProcess(environment);
    const url = `http://localhost:${environment.PORT}`;
    const context = await roster.browser.newContext({ locale: 'en-GB' });
    try {
      await signIn(context, url, ADMIN);
      const page = await context.newPage();
      await page.goto(`${url}/console/people?q=ada`);
      await page.locator('h1').waitFor();
      await server.stop();
      await page.getByText('The server does not answer.').waitFor();
      server = await startRosterProcess(environment);
      await page.getByText('Connected again.').waitFor();
      expect(new URL(page.url()).pathname).toBe('/console/people');
      expect(await page.getByRole('alertdialog').count()).toBe(0);
    } finally {
      await context.close();
    }
  });
});
