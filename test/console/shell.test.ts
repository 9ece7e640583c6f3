import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ADMIN, type Console, expectGoodPage, focused, startConsole, until } from './support/console.js';

let roster: Console;
beforeAll(async () => {
  roster = await startConsole();
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
});

const NAVIGATION = 'nav[aria-label="Main"] a';

describe('the frame', () => {
  test('leads from page to page, by mouse and by keys', async () => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('');
      await page.waitForURL(/\/console\/people$/);
      expect(await page.locator(NAVIGATION).allInnerTexts()).toEqual([
        'People',
        'Events',
        'Webhooks',
        'Applications',
        'Service accounts',
        'Help',
        'Health',
      ]);
      await page.getByRole('link', { name: 'Webhooks' }).click();
      await page.waitForURL(/\/console\/webhooks$/);
      expect(await page.locator(`${NAVIGATION}[aria-current]`).allInnerTexts()).toEqual(['Webhooks']);
      await until(page, `document.title === 'Webhooks · Roster'`);
      expect(await focused(page)).toBe('Webhooks');
      for (const [keys, title] of [
        ['ge', 'Events'],
        ['gs', 'Health'],
        ['gp', 'People'],
        // The last, as its field gets the focus.
        ['gh', 'Help'],
      ] as const) {
        for (const key of keys) await page.keyboard.press(key);
        await page.getByRole('heading', { level: 1, name: title }).waitFor();
      }
    });
  });

  test('is in the language and the theme that were chosen, which this browser keeps', async () => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/help');
      await page.getByRole('button', { name: /^Account: / }).click();
      await expectGoodPage(page, 'the account menu');
      await page.getByRole('menuitemradio', { name: 'Dark' }).click();
      await page.getByRole('menuitemradio', { name: 'Deutsch' }).click();
      await page.getByRole('heading', { name: 'Hilfe' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Hilfe' }).waitFor();
      expect(await page.evaluate('[document.documentElement.lang, document.documentElement.dataset.theme]')).toEqual([
        'de',
        'dark',
      ]);
      expect(await page.evaluate('Object.keys(localStorage).sort()')).toEqual([
        'roster.console.language',
        'roster.console.theme',
      ]);
    });
  });

  test('lists what the keys do, keeps the focus in that dialog, and gives it back', async () => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/help');
      await page.getByRole('link', { name: 'Events' }).focus();
      await page.keyboard.press('?');
      const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
      await dialog.waitFor();
      expect(await dialog.innerText()).toContain('Go to People');
      await expectGoodPage(page, 'the list of keys');
      for (let presses = 0; presses < 5; presses++) {
        await page.keyboard.press('Tab');
        await until(page, `document.querySelector('[role="dialog"]').contains(document.activeElement)`);
      }
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(await focused(page)).toBe('Events');
    });
  });
});

describe('after the first start', () => {
  test('the console says what to do next, ticks what is done, and hides it when told to', async () => {
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/people');
      const steps = page.getByRole('region', { name: 'First steps' });
      await steps.waitFor();
      const said = (await steps.getByRole('listitem').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
      expect(said).toEqual([
        expect.stringMatching(/^Invite a colleague \(not yet\)/),
        expect.stringMatching(/^Try a registration \(not yet\)/),
        // These tests send their mails to a server.
        'Set up mail (done)',
      ]);
      await expectGoodPage(page, 'the first steps');
      await roster.join('ada@example.com');
      await page.reload();
      await steps.getByText(/Try a registration\s+\(done\)/).waitFor();
      await page.getByRole('button', { name: 'Hide these steps' }).click();
      await steps.waitFor({ state: 'detached' });
      await open('/people');
      await page.waitForLoadState('networkidle');
      expect(await steps.count()).toBe(0);
    });
  });
});
