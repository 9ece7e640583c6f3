import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { runCommand } from '../support/cli.js';
import { createTestDatabase } from '../support/database.js';
import { ADMIN, type Console, expectGoodPage, focused, refuse, startConsole } from './support/console.js';

const SECRET_KEY = 'k3yZ'.repeat(12);
const SEEDED = 700;

let roster: Console;
let manager: Awaited<ReturnType<Console['join']>>;
beforeAll(async () => {
  const database = await createTestDatabase();
  const seeded = await runCommand(['seed', '--users', String(SEEDED)], {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    SECRET_KEY,
    SMTP_URL: 'smtp://127.0.0.1:1',
    BCRYPT_COST: '4',
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
  });
  expect([seeded.code, seeded.stderr]).toEqual([0, expect.stringContaining('100%')]);
  roster = await startConsole({ SECRET_KEY }, database);
  manager = await roster.join('manager@people.example', 'MANAGER');
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
});

const rows = (page: Page) => page.getByRole('region', { name: 'List of people' }).locator('tbody tr');
const links = (page: Page) => rows(page).getByRole('link');
const bar = (page: Page) => page.getByRole('region', { name: 'Selection' });
const settled = (page: Page) => page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });

/** Waits until the list has answered, and tells whom it shows. */
async function shown(page: Page): Promise<string[]> {
  await settled(page);
  await links(page).first().waitFor();
  return page.evaluate<string[]>(
    `[...document.querySelectorAll('[role="region"] tbody a')].map(({ pathname }) => pathname)`,
  );
}

async function choose(page: Page, filter: string, ...options: string[]): Promise<void> {
  await page.getByRole('combobox', { name: new RegExp(`^${filter}: `) }).click();
  for (const name of options) await page.getByRole('option', { name, exact: true }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('listbox').waitFor({ state: 'detached' });
}

describe('the list of people', () => {
  test('searches while one types, and its address shows the same to others and after a reload', async () => {
    await roster.join('zuleika.dobson@people.example');
    let address = '';
    let before: string[] = [];
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/people');
      await shown(page);
      await page.getByRole('searchbox').pressSequentially('zuleika.do');
      await page.waitForURL(/search=zuleika\.do/);
      await links(page).getByText('zuleika.dobson@people.example').waitFor();
      expect(await shown(page)).toHaveLength(1);
      await page.getByRole('button', { name: 'Clear', exact: true }).click();
      await page.waitForURL((url) => !url.searchParams.has('search'));

      await choose(page, 'Status', 'Suspended', 'Active');
      await page.waitForURL(/status=ACTIVE%2CSUSPENDED/);
      await choose(page, 'Columns', 'Phone');
      await page.getByRole('button', { name: 'Address', exact: true }).click();
      await page.waitForURL(/sort=email/);
      before = await shown(page);
      expect(before.length).toBeGreaterThan(1);
      const badges = await rows(page)
        .locator('td')
        .getByText(/^(Suspended|Active)$/)
        .count();
      expect(badges).toBe(before.length);
      await expectGoodPage(page, 'the list of people, filtered');
      await page.reload();
      expect(await shown(page)).toEqual(before);
      address = new URL(page.url()).pathname.replace('/console', '') + new URL(page.url()).search;
    });
    await roster.visit(manager, async ({ page, open }) => {
      await open(address);
      expect(await shown(page)).toEqual(before);
      await page.getByRole('columnheader', { name: 'Phone' }).waitFor();
    });
  });

  test('goes on and back by pages, and Back undoes a step', async () => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/people');
      const first = await shown(page);
      await page.getByRole('button', { name: 'Next' }).click();
      await page.waitForURL(/cursor=/);
      const second = await shown(page);
      expect(second).toHaveLength(50);
      expect(first.filter((one) => second.includes(one))).toEqual([]);
      await page.getByRole('button', { name: 'Previous' }).click();
      await page.getByRole('button', { name: 'Previous', disabled: true }).waitFor();
      expect(await shown(page)).toEqual(first);
      await page.goBack();
      await page.locator(`tbody a[href="${second[0] ?? ''}"]`).waitFor();
      expect(await shown(page)).toEqual(second);
    });
  });

  test('is used by the keyboard alone', async () => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/people');
      const people = await shown(page);
      await page.keyboard.press('/');
      expect(await focused(page)).toBe('Search people');
      await page.keyboard.press('Enter');
      const current = () => page.evaluate<string | undefined>(`document.activeElement.querySelector('a')?.pathname`);
      expect(await current()).toBe(people[0]);
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      await page.keyboard.press('k');
      expect(await current()).toBe(people[1]);
      await page.keyboard.press('x');
      await bar(page).getByText('1 person selected').waitFor();
      await page.keyboard.press('x');
      await bar(page).waitFor({ state: 'detached' });
      await page.keyboard.press('?');
      const keys = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
      expect(await keys.innerText()).toContain('Select the person');
      await page.keyboard.press('Escape');
      await keys.waitFor({ state: 'detached' });
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.pathname === people[1]);
    });
  });
});

describe('many people at once', () => {
  test('five hundred are suspended, and the one that is refused is shown with the reason', async () => {
    await roster.visit(manager, async ({ page, open }) => {
      await open('/people?search=manager@people.example');
      await shown(page);
      await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await choose(page, 'Status', 'Active');
      await choose(page, 'Role', 'User');
      await page.waitForURL(/role=AUTHENTICATED/);
      await shown(page);
      await bar(page).getByRole('button', { name: 'Select the first 500 of this list' }).click();
      await bar(page).getByText('500 people selected').waitFor();
      await bar(page).getByRole('button', { name: 'Suspend' }).click();
      const question = page.getByRole('dialog', { name: 'Suspend 500 people?' });
      await question.getByText('1 person of them will be left as they are').waitFor();
      await expectGoodPage(page, 'the question before a bulk suspension');
      await question.getByRole('textbox').fill('A leak of passwords.');
      await question.getByRole('button', { name: 'Suspend' }).click();
      await page.waitForURL(/bulk=/);
      const results = page.getByRole('dialog', { name: 'Suspension' });
      await results.getByText('499 done').waitFor({ timeout: 120_000 });
      await results.getByText('1 refused').waitFor();
      const refused = results.getByRole('row').nth(1);
      expect(await refused.innerText()).toMatch(/manager@people\.example\s+Refused\s+Not allowed\./);
      await expectGoodPage(page, 'the results of a bulk suspension');
      await page.reload();
      await results.getByText('499 done').waitFor();
      // Names that the page no longer knows are asked for.
      await results.getByRole('row').nth(1).getByRole('link', { name: 'manager@people.example' }).click();
      await page.waitForURL((url) => url.pathname === `/console/people/${manager.id}`);
    });
    const [{ count } = { count: 0 }] = await roster.roster.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM user_events WHERE type = 'user.suspended' AND actor->>'id' = $1`,
      [manager.id],
    );
    expect(count).toBe(499);
  });

  test('get another role and are exported by an admin', async () => {
    const ids: string[] = [];
    for (const name of ['one', 'two']) ids.push((await roster.join(`${name}@bulk.example`)).id);
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/people?search=bulk.example');
      await shown(page);
      await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
      await bar(page).getByRole('button', { name: 'Export' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name: 'As CSV' }).click(),
      ]);
      const file = readFileSync(await download.path(), 'utf8');
      for (const id of ids) expect(file).toContain(`"${id}"`);
      await bar(page).getByRole('button', { name: 'Change role' }).click();
      const question = page.getByRole('dialog', { name: 'Change the role of 2 people?' });
      await question.getByRole('combobox').click();
      await page.getByRole('option', { name: 'Manager' }).click();
      await question.getByRole('button', { name: 'Change role' }).click();
      await page.getByRole('dialog', { name: 'Change of roles' }).getByText('2 done').waitFor();
      await page.getByRole('button', { name: 'Close', exact: true }).click();
      await rows(page).getByText('Manager').nth(1).waitFor();
    });
  });
});

describe('a manager', () => {
  test('is offered nothing that the API would refuse', async () => {
    await roster.join('only.one@offered.example');
    await roster.visit(
      manager,
      async ({ page, open, context }) => {
        await open('/people?search=offered.example');
        await shown(page);
        await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
        const offered = await bar(page).getByRole('button').allInnerTexts();
        expect(offered).toEqual(['Suspend', 'Clear selection']);
        await page.getByRole('combobox', { name: /^Status: / }).click();
        expect(await page.getByRole('option').allInnerTexts()).not.toContain('Deleted');
        await page.keyboard.press('Escape');
        await open('/people/new');
        expect(await page.getByRole('combobox').count()).toBe(0);
        const post = async (path: string, data: object) =>
          (
            await context.request.post(roster.url + path, { data, headers: { 'sec-fetch-site': 'same-origin' } })
          ).status();
        expect(await post('/users/export', { ids: [manager.id], format: 'csv' })).toBe(403);
        expect(await post('/bulk-acts', { action: 'role', ids: [manager.id], role: 'ADMIN' })).toBe(403);
        expect(await post('/users', { username: 'own.admin', role: 'ADMIN' })).toBe(403);
        await open('/people?status=DELETED');
        await page.getByRole('heading', { name: 'Not allowed' }).waitFor();
        await page.getByText('Only an ADMIN can see deleted users.').waitFor();
      },
      { expects: [/403/] },
    );
  });
});

describe('the form for a new person', () => {
  test('says at the field what is wrong, invites, and leads to the person', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/people');
        await page.getByRole('button', { name: 'Create or invite' }).click();
        await page.waitForURL(/\/people\/new$/);
        const email = page.getByRole('textbox', { name: 'Email address' });
        await email.fill('not an address');
        await page.getByRole('button', { name: 'Invite' }).click();
        await page.getByRole('alert').filter({ hasText: 'must be an email address' }).waitFor();
        expect(await email.getAttribute('aria-invalid')).toBe('true');
        await expectGoodPage(page, 'the form for a new person with an error');
        await email.fill('manager@people.example');
        await page.getByRole('button', { name: 'Invite' }).click();
        await page.getByText('Somebody has this address already.').waitFor();
        await email.fill('invited@people.example');
        await page.getByRole('textbox', { name: /^First name/ }).fill('Ines');
        await page.getByRole('button', { name: 'Invite' }).click();
        await page.waitForURL(/\/people\/[0-9a-f-]{36}$/);
        await page.getByText('An invitation was sent to invited@people.example').waitFor();
      },
      { expects: [/400|409/] },
    );
    await roster.roster.inbox.waitFor('invited@people.example');
  });
});

describe('every state', () => {
  test('is drawn: loading, nobody, an error that can be tried again, and offline', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, context, open }) => {
        const list = /\/users\?/;
        const { promise, resolve: release } = Promise.withResolvers<undefined>();
        await page.route(list, async (route) => {
          await promise;
          await route.continue();
        });
        await open('/people');
        await page.getByRole('status').getByText('Loading').waitFor();
        release(undefined);
        await shown(page);
        await page.unroute(list);

        await page.getByRole('searchbox').fill('nobody is called this');
        await page.getByRole('heading', { name: 'Nobody matches' }).waitFor();
        await expectGoodPage(page, 'nobody matches');
        await page.getByRole('button', { name: 'Clear filters' }).first().click();
        await shown(page);

        await refuse(page, list, { status: 500, code: 'internal-error', detail: 'The test says so.' });
        await page.getByRole('searchbox').fill('ma');
        await page.getByRole('button', { name: 'Retry' }).waitFor();
        await expectGoodPage(page, 'the list that failed');
        await page.unroute(list);
        await page.getByRole('button', { name: 'Retry' }).click();
        await shown(page);

        await context.setOffline(true);
        await page.getByRole('searchbox').fill('mar');
        await page.getByText('You are offline').first().waitFor();
        await context.setOffline(false);
        await shown(page);
      },
      { expects: [/500|ERR_INTERNET_DISCONNECTED|Failed to load resource/] },
    );
  });
});
