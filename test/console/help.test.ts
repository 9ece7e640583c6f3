import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { ADMIN, type Console, expectGoodPage, focused, PASSWORD, refuse, startConsole } from './support/console.js';

const WRONG = 'seven idle boats on slate water';

let roster: Console;
let manager: Awaited<ReturnType<Console['join']>>;
let admin: { authorization: string };
beforeAll(async () => {
  roster = await startConsole();
  const { api, signIn } = roster.roster;
  admin = { authorization: `Bearer ${await signIn()}` };
  manager = await roster.join('manager@example.com', 'MANAGER');
  await roster.join('locked@example.com');
  for (let time = 0; time < 5; time++) {
    await api.post('/auth/login').send({ identifier: 'locked@example.com', password: WRONG }).expect(401);
  }
  const suspended = await roster.join('suspended@example.com');
  await api.post(`/users/${suspended.id}/suspend`).set(admin).send({ reason: 'Sent spam.' }).expect(200);
  const deleted = await roster.join('deleted@example.com');
  await api.delete(`/users/${deleted.id}`).set(admin).expect(204);
  await api.post('/auth/register').send({ email: 'unconfirmed@example.com', password: PASSWORD }).expect(202);
  roster.roster.inbox.refusals.set('bounced@example.com', 550);
  await api.post('/auth/register').send({ email: 'bounced@example.com', password: PASSWORD }).expect(202);
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
});

const field = (page: Page) => page.getByRole('searchbox', { name: 'What do you know?' });
const fact = (page: Page, code: string) => page.locator(`[data-code="${code}"]`);

/** As with Ctrl+V, without a clipboard. */
async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate(`(() => {
    const field = document.querySelector('main input[type="search"]');
    field.focus();
    field.select();
    field.dispatchEvent(new ClipboardEvent('paste', { bubbles: true }));
    document.execCommand('insertText', false, ${JSON.stringify(text)});
  })()`);
}

describe('the help page', () => {
  it('says what can be pasted, and has the focus in its field', async () => {
    await roster.visit(manager, async ({ page, open }) => {
      await open('/people');
      await page.keyboard.press('g');
      await page.keyboard.press('h');
      await page.getByText('Find out why somebody cannot sign in').waitFor();
      expect(await focused(page)).toBe('What do you know?');
      await expectGoodPage(page, 'help, empty');
    });
  });

  it.each([
    ['locked', 'locked@example.com', 'locked', /^Locked until .+ after 5 wrong attempts/],
    ['suspended', 'suspended@example.com', 'suspended', /^Suspended by admin@example\.com: Sent spam\./],
    ['unconfirmed', 'unconfirmed@example.com', 'never-confirmed', /^Registered, but the address was never confirmed/],
    ['bounced', 'bounced@example.com', 'mail-failed', /the mail server refused it: 550 no such mailbox/],
    ['deleted', 'deleted@example.com', 'deleted', /^Deleted by admin@example\.com, and erased on/],
  ])('tells an admin within three keystrokes from People why a person is %s', async (_name, about, code, sentence) => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/people');
      // g h, and the paste is the third.
      await page.keyboard.press('g');
      await page.keyboard.press('h');
      await field(page).waitFor();
      await paste(page, about);
      await fact(page, code).waitFor();
      expect(await fact(page, code).innerText()).toMatch(sentence);
      expect(new URL(page.url()).searchParams.get('about')).toBe(about);
    });
  });

  it('offers what helps: unlock by keyboard alone, reinstate, and the mail again', async () => {
    await roster.visit(manager, async ({ page, open }) => {
      await open('/help?about=locked@example.com');
      await page.getByRole('button', { name: 'Unlock' }).focus();
      await expectGoodPage(page, 'help, locked');
      await page.keyboard.press('Enter');
      await page.getByText('Unlocked.').waitFor();
      await fact(page, 'nothing-in-the-way').waitFor();
      await paste(page, 'suspended@example.com');
      await page.getByRole('button', { name: 'Reinstate' }).click();
      await page.getByText('Reinstated.').waitFor();
      await fact(page, 'nothing-in-the-way').waitFor();
      await paste(page, 'bounced@example.com');
      roster.roster.inbox.refusals.delete('bounced@example.com');
      await page.getByRole('button', { name: 'Resend: bounced@example.com' }).click();
      await page.getByText('Sent again.').waitFor();
      await roster.roster.inbox.waitFor('bounced@example.com');
      await expectGoodPage(page, 'help, with mails');
      await page.getByRole('link', { name: 'bounced@example.com' }).first().click();
      await page.waitForURL(/\/console\/people\/[0-9a-f-]{36}$/);
      await page.goBack();
      await fact(page, 'never-confirmed').waitFor();
    });
  });

  it('shows a manager nobody who is deleted, in German too, and back and forward lead from look-up to look-up', async () => {
    await roster.visit(
      manager,
      async ({ page, open }) => {
        await open('/help?about=deleted@example.com');
        await fact(page, 'address-unknown').waitFor();
        expect(await fact(page, 'address-unknown').innerText()).toMatch(/^Kein Konto, das Sie sehen dürfen/);
        expect(await page.locator('main').innerText()).not.toContain('Gelöscht');
        await open('/help?about=unconfirmed@example.com');
        await page.goBack();
        await fact(page, 'address-unknown').waitFor();
        const search = page.getByRole('searchbox', { name: 'Was wissen Sie?' });
        expect(await search.inputValue()).toBe('deleted@example.com');
      },
      { locale: 'de-AT' },
    );
  });

  it('has a state for what is slow, refused, broken, and offline', async () => {
    const expects = [/status of (403|500)/, /ERR_INTERNET_DISCONNECTED/, /^failed: /, /Failed to load resource/];
    await roster.visit(
      ADMIN,
      async ({ page, open, context }) => {
        await refuse(page, /\d\/help\?about=refused/, {
          status: 403,
          code: 'forbidden',
          detail: 'Your role does not allow this.',
        });
        await open('/help?about=refused');
        await page.getByRole('heading', { name: 'Not allowed' }).waitFor();
        await expectGoodPage(page, 'help, refused');
        await refuse(page, /\d\/help\?about=broken/, { status: 500, code: 'internal-error' });
        await paste(page, 'broken');
        await page.getByRole('button', { name: 'Retry' }).waitFor();
        const { promise, resolve } = Promise.withResolvers<undefined>();
        await page.route(/\d\/help\?about=slow/, async (route) => {
          await promise;
          await route.continue();
        });
        await paste(page, 'slow');
        await page.getByText('Loading').waitFor();
        resolve(undefined);
        await fact(page, 'word-unknown').waitFor();
        await context.setOffline(true);
        await paste(page, 'offline');
        await page.getByRole('heading', { name: /offline/i }).waitFor();
        await context.setOffline(false);
        await fact(page, 'word-unknown').waitFor();
      },
      { expects },
    );
  });
});
