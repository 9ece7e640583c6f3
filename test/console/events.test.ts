import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { ADMIN, type Console, expectGoodPage, focused, refuse, startConsole } from './support/console.js';

let roster: Console;
let admin: { readonly authorization: string };
let ada: string;
beforeAll(async () => {
  roster = await startConsole();
  admin = { authorization: `Bearer ${await roster.roster.signIn()}` };
  ada = await create('Ada', 'Lovelace');
  await roster.roster.api.post(`/users/${ada}/suspend`).set(admin).send({ reason: 'Spam.' }).expect(200);
  for (let n = 0; n < 60; n++) await create('Person', String(n));
  await eventually(async () => (await roster.roster.database.query('SELECT FROM event_outbox LIMIT 1')).length === 0);
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
});

async function create(firstName: string, lastName: string): Promise<string> {
  const made = await roster.roster.api.post('/users').set(admin).send({ firstName, lastName }).expect(201);
  return (made.body as { id: string }).id;
}

const rows = (page: Page) => page.locator('tbody tr');
const FRAME = `document.querySelector('[role="region"][aria-label="Events"]')`;
const frame = (page: Page) => page.getByRole('region', { name: 'Events' });
const STREAM = /\/events\?.*after=/;
const search = (page: Page) => new URL(page.url()).searchParams;

describe('the page of events', () => {
  test('tells what happened, the newest first, in pages both ways', async () => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/events');
      await page.getByRole('cell', { name: 'Person 59' }).first().waitFor();
      expect(await rows(page).first().innerText()).toContain('Created as User');
      await page.waitForFunction(`document.title === 'Events · Roster'`);
      await expectGoodPage(page, 'events');
      await page.getByRole('button', { name: 'Next' }).click();
      await page.getByRole('cell', { name: /Suspended: Spam\./ }).waitFor();
      expect(search(page).get('cursor')).not.toBeNull();
      await page.getByRole('button', { name: 'Previous' }).click();
      await page.getByRole('cell', { name: 'Person 59' }).first().waitFor();
    });
  });

  test('filters by type, person and actor, in the address', async () => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/events');
      await page.getByLabel('Person', { exact: true }).fill('Lovelace');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: /^Ada Lovelace/ }).click();
      await eventually(async () => (await rows(page).count()) === 2);
      expect(search(page).get('user')).toBe(ada);
      await page.getByRole('combobox', { name: /^Type:/ }).click();
      await page.getByRole('option', { name: 'user.suspended' }).click();
      await page.keyboard.press('Escape');
      await eventually(async () => (await rows(page).count()) === 1);
      expect(search(page).get('types')).toBe('user.suspended');
      await page.reload();
      await eventually(async () => (await rows(page).count()) === 1);
      await page.getByLabel('By', { exact: true }).fill(ada);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'No event matches' }).waitFor();
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await page.getByRole('cell', { name: 'Person 59' }).first().waitFor();
      await page.getByLabel('Person', { exact: true }).fill('nobody at all');
      await page.keyboard.press('Enter');
      await page.getByText('Nobody matches.').waitFor();
    });
  });

  test('opens an event by the keyboard, with its payload and its links, and by its address', async () => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/events?types=user.suspended');
      await rows(page).first().waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'Suspended: Spam.' });
      await dialog.getByText('"reason": "Spam."').waitFor();
      expect(search(page).get('event')).toMatch(/^\d+$/);
      await expectGoodPage(page, 'an event');
      const then = await dialog.getByRole('link', { name: 'as of then' }).getAttribute('href');
      expect(then).toMatch(new RegExp(`/console/people/${ada}\\?at=2`));
      const trace = await dialog.getByRole('link', { name: /^[0-9a-f]{32}$/ }).getAttribute('href');
      expect(trace).toMatch(/\/console\/help\?about=[0-9a-f]{32}$/);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(await focused(page)).toContain('Suspended: Spam.');
      await open('/events?event=1');
      await page.getByRole('dialog').getByText('user.created').waitFor();
      await open('/events?event=99999');
      await page.getByRole('dialog').getByText('There is no event 99999').first().waitFor();
    });
  });
});

describe('live', () => {
  test('new events appear; a page that was scrolled stays where it is, and shows their number', async () => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/events');
      await rows(page).first().waitFor();
      await page.getByLabel('Live').check();
      await page.getByText('Live: new events appear by themselves').waitFor();
      expect(search(page).get('live')).toBe('true');
      await create('Live', 'One');
      await page.getByRole('cell', { name: 'Live One' }).waitFor();
      await frame(page).hover();
      await page.mouse.wheel(0, 300);
      await eventually(async () => (await page.evaluate<number>(`${FRAME}.scrollTop`)) > 200);
      await create('Live', 'Two');
      await create('Live', 'Three');
      const pill = page.getByRole('button', { name: '2 new events' });
      await pill.waitFor();
      expect(await page.getByRole('cell', { name: 'Live Two' }).count()).toBe(0);
      await expectGoodPage(page, 'events counted');
      await pill.click();
      await page.getByRole('cell', { name: 'Live Three' }).waitFor();
      expect(await rows(page).first().innerText()).toContain('Live Three');
      await page.getByRole('button', { name: 'Next' }).waitFor({ state: 'detached' });
    });
  });

  test('goes on where it was after a cut, with nothing lost or twice', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/events?live=true&types=user.created');
        const isLive = page.getByText('Live: new events appear by themselves');
        await isLive.waitFor();
        await refuse(page, STREAM, { status: 503, code: 'unavailable' });
        roster.roster.app.getHttpServer().closeAllConnections();
        await page.getByText('Connection lost.').waitFor();
        await expectGoodPage(page, 'events cut');
        for (const name of ['First', 'Second']) await create('Unseen', name);
        await page.unroute(STREAM);
        await isLive.waitFor();
        await page.getByRole('cell', { name: 'Unseen Second' }).waitFor();
        const names = await page.locator('tbody tr td:nth-child(2)').allInnerTexts();
        expect(names.filter((name) => name.startsWith('Unseen'))).toEqual(['Unseen Second', 'Unseen First']);
      },
      { expects: [/status of 503/, /net::ERR_/] },
    );
  });

  test('an ended session shows within five seconds, and the stream is over', async () => {
    const other = await roster.join('ended@example.com', 'ADMIN');
    await roster.visit(
      other,
      async ({ page, open }) => {
        await open('/events?live=true');
        await page.getByText('Live: new events appear by themselves').waitFor();
        await roster.roster.api.delete(`/users/${other.id}/sessions`).set(admin).expect(204);
        await page.getByRole('alertdialog').getByRole('button').waitFor();
      },
      { expects: [/status of 401/] },
    );
  });
});

describe('the states of the page', () => {
  test('a manager is told that this is not allowed', async () => {
    const manager = await roster.join('manager@example.com', 'MANAGER');
    await roster.visit(
      manager,
      async ({ page, open }) => {
        await open('/events');
        await page.getByRole('heading', { name: 'Not allowed' }).waitFor();
        await expectGoodPage(page, 'events refused');
        expect(await page.locator('nav a', { hasText: 'Events' }).count()).toBe(0);
      },
      { expects: [/status of 403/] },
    );
  });

  test('loads, fails with a way to retry, and works again', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await refuse(page, /\/events\?/, { status: 500, code: 'internal-error' });
        await open('/events');
        await page.getByRole('button', { name: 'Retry' }).waitFor();
        await expectGoodPage(page, 'events failed');
        await page.unroute(/\/events\?/);
        await page.route(/\/events\?/, async (route) => {
          await sleep(1500);
          await route.continue();
        });
        await page.getByRole('button', { name: 'Retry' }).click();
        await rows(page).first().waitFor();
        await page.reload({ waitUntil: 'commit' });
        await page.getByText('Loading').first().waitFor();
        await rows(page).first().waitFor();
      },
      { expects: [/status of 500/] },
    );
  });

  test('speaks German', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/events?types=user.suspended');
        await page.getByRole('heading', { level: 1, name: 'Ereignisse' }).waitFor();
        await page.getByRole('cell', { name: 'Deaktiviert: Spam.' }).waitFor();
      },
      { locale: 'de-DE' },
    );
  });
});
