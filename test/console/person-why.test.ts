import { afterAll, beforeAll, describe, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { ADMIN, type Console, PASSWORD, startConsole } from './support/console.js';

let roster: Console;
let admin: { readonly authorization: string };
beforeAll(async () => {
  roster = await startConsole({ LOCKOUT_THRESHOLD: '3' });
  admin = { authorization: `Bearer ${await roster.roster.signIn()}` };
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
});

const api = () => roster.roster.api;

describe('why somebody cannot sign in', () => {
  const register = (email: string) => api().post('/auth/register').send({ email, password: PASSWORD }).expect(202);
  const list = (page: Page) => page.getByRole('region', { name: 'List of people' }).locator('tbody tr');

  /** From the page People by its search: / and twice Enter beside what is typed. */
  async function findInList(email: string, reason: RegExp, andThen?: (page: Page) => Promise<void>): Promise<void> {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/people');
      await list(page).first().waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type(email);
      await eventually(async () => {
        const rows = await list(page).allInnerTexts();
        return rows.length === 1 && rows[0]!.includes(email);
      });
      await page.keyboard.press('Enter');
      await page.keyboard.press('Enter');
      await page.getByText(reason).first().waitFor();
      await andThen?.(page);
    });
  }

  /** From the page People by the help: g and h. Those who are deleted or not confirmed are in the list by a filter only. */
  async function findByHelp(email: string, reason: RegExp): Promise<void> {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/people');
        await list(page).first().waitFor();
        for (const key of 'gh') await page.keyboard.press(key);
        await page.getByRole('heading', { level: 1, name: 'Help' }).waitFor();
        await page.keyboard.type(email);
        await page.getByText(reason).first().waitFor();
        // From there the page of the person says the same.
        await page.getByRole('link', { name: email }).first().click();
        await page.waitForURL(/\/people\/[-0-9a-f]{36}$/);
        await page.getByText(reason).first().waitFor();
      },
      { expects: [/404/] },
    );
  }

  test('is found for one who is locked', async () => {
    await roster.roster.join('locked@why.example');
    const wrong = { identifier: 'locked@why.example', password: 'seven idle boats on slate water' };
    for (let time = 0; time < 3; time++) await api().post('/auth/login').send(wrong).expect(401);
    await findInList(
      'locked@why.example',
      /^Locked until .* after 3 wrong attempts from 127\.0\.0\.1/,
      async (page) => {
        await page.getByRole('button', { name: 'Unlock', exact: true }).click();
        await page.getByRole('heading', { level: 1 }).getByText('Active').waitFor();
      },
    );
  });

  test('is found for one who is suspended', async () => {
    const { id } = await roster.roster.join('suspended@why.example');
    await api().post(`/users/${id}/suspend`).set(admin).send({ reason: 'Spam.' }).expect(200);
    await findInList('suspended@why.example', /^Suspended by admin@example\.com: Spam\./);
  });

  test('is found for one who never confirmed the address', async () => {
    await register('unconfirmed@why.example');
    await roster.roster.inbox.waitFor('unconfirmed@why.example');
    await findByHelp('unconfirmed@why.example', /^Registered, but the address was never confirmed/);
  });

  test('is found for one whose mail came back', async () => {
    roster.roster.inbox.refusals.set('bounced@why.example', 550);
    await register('bounced@why.example');
    await eventually(async () => {
      const rows = await roster.roster.database.query(
        `SELECT 1 FROM mails WHERE recipient = 'bounced@why.example' AND state = 'failed'`,
      );
      return rows.length === 1;
    });
    await findByHelp(
      'bounced@why.example',
      /bounced@why\.example: not delivered after 1 attempt; the mail server refused it: .*550/,
    );
  });

  test('is found for one who was deleted', async () => {
    const { id } = await roster.roster.join('deleted@why.example');
    await api().delete(`/users/${id}`).set(admin).expect(204);
    await findByHelp('deleted@why.example', /^Deleted by admin@example\.com/);
    // Or where the search finds nobody, by the link there.
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/people');
      await list(page).first().waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type('deleted@why.example');
      await page.getByRole('link', { name: 'Look it up in Help' }).click();
      await page
        .getByText(/^Deleted by admin@example\.com/)
        .first()
        .waitFor();
    });
  });
});
