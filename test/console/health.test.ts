import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { ADMIN, type Console, expectGoodPage, PASSWORD, refuse, startConsole } from './support/console.js';

let roster: Console;
let manager: Awaited<ReturnType<Console['join']>>;
beforeAll(async () => {
  roster = await startConsole({ METRICS_TOKEN: 'a-token-for-the-figures-of-this-test' });
  manager = await roster.join('manager@example.com', 'MANAGER');
  const { api, inbox } = roster.roster;
  inbox.refusals.set('refused@example.com', 550);
  await api.post('/auth/register').send({ email: 'refused@example.com', password: PASSWORD }).expect(202);
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
});

describe('the health page', () => {
  it('says of each check what it means and what to do, and goes on by itself', async () => {
    const { inbox } = roster.roster;
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/health');
      const mail = page.locator('[data-check="mail"]');
      await mail.getByText('The SMTP server accepts connections.').waitFor();
      await page.getByText('All is well').waitFor();
      await page.getByText('The log was never verified.').waitFor();
      expect(await page.locator('[data-queue]').count()).toBe(5);
      await expectGoodPage(page, 'health, overview');
      await inbox.down();
      await mail.getByText('Check SMTP_URL').waitFor();
      await page.getByText('Degraded').waitFor();
      await expectGoodPage(page, 'health, degraded');
      await inbox.up();
      await mail.getByText('The SMTP server accepts connections.').waitFor();
    });
  });

  it('lists the mails of all users by state with the reason, and sends one again, by keyboard alone', async () => {
    const { inbox } = roster.roster;
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/health?tab=mails');
      const table = page.getByRole('region', { name: 'Mails of all users' });
      await table.getByText('admin@example.com').or(table.getByText('manager@example.com')).first().waitFor();
      await page.getByRole('combobox', { name: /^State: / }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('option', { name: 'Failed' }).waitFor();
      await page.keyboard.press('End');
      await page.locator('[role="option"][data-highlighted]', { hasText: 'Failed' }).waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL(/state=failed/);
      await table.getByText('550 no such mailbox').waitFor();
      // The list before stays until this one is there.
      await eventually(async () => (await table.locator('tbody tr').count()) === 1);
      await expectGoodPage(page, 'health, mails');
      inbox.refusals.delete('refused@example.com');
      await page.getByRole('button', { name: 'Resend: refused@example.com' }).focus();
      await page.keyboard.press('Enter');
      await page.getByText('Sent again.').waitFor();
      await inbox.waitFor('refused@example.com');
      await open('/health?tab=mails&to=nobody@example.com');
      await page.getByText('No mails').waitFor();
      await expectGoodPage(page, 'health, no mails');
    });
  });

  it('shows the settings in effect without secrets, and finds them', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/health?tab=settings');
        const settings = page.locator('[data-setting]');
        await settings.first().waitFor();
        expect(await page.locator('main').innerText()).not.toMatch(/a-token-for|k3yZ/);
        await expectGoodPage(page, 'health, settings');
        await page.keyboard.press('/');
        await page.keyboard.type('metrics_token');
        await settings.nth(1).waitFor({ state: 'detached' });
        expect(await settings.innerText()).toContain('geheim');
        await page.keyboard.type(' nothing');
        await page.getByText('Keine Einstellung passt').waitFor();
      },
      { locale: 'de-DE' },
    );
  });

  it('is not for a manager, who is told so, and has a state for what is broken', async () => {
    await roster.visit(
      manager,
      async ({ page, open }) => {
        await open('/health');
        await page.getByRole('heading', { name: 'Not allowed' }).waitFor();
        expect(await page.getByRole('link', { name: 'Health' }).count()).toBe(0);
        await expectGoodPage(page, 'health, refused');
      },
      { expects: [/status of 403/] },
    );
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await refuse(page, /\/health\/details/, { status: 500, code: 'internal-error' });
        await open('/health');
        await page.getByRole('button', { name: 'Retry' }).waitFor();
        await page.unroute(/\/health\/details/);
        await page.getByRole('button', { name: 'Retry' }).click();
        await page.getByText('All is well').waitFor();
      },
      { expects: [/status of 500/] },
    );
  });
});
