import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { runCommand } from '../support/cli.js';
import { createTestDatabase } from '../support/database.js';
import { ADMIN, type Console, startConsole } from './support/console.js';

// `npm run bench -- console` looks at a million, and at the clock.
const PEOPLE = 20_000;
const SIZE = 50;
const SECRET_KEY = 'k3yZ'.repeat(12);

let console_: Console;
beforeAll(async () => {
  const database = await createTestDatabase();
  const { code, stderr } = await runCommand(['seed', '--users', String(PEOPLE), '--random', '20'], {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    SECRET_KEY,
    SMTP_URL: 'smtp://127.0.0.1:1',
    BCRYPT_COST: '4',
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
  });
  if (code !== 0) throw new Error(stderr);
  console_ = await startConsole({ SECRET_KEY }, database);
}, 600_000);
afterAll(() => console_.stop());

/** The pages of the list that are asked for, as the page asks. */
function listRequests(page: Page): string[] {
  const asked: string[] = [];
  page.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname === '/users' && search.includes(`limit=${SIZE}`)) asked.push(search);
  });
  return asked;
}

/** The addresses of the people in the list, once the page shows no others any more. */
async function rows(page: Page): Promise<string[]> {
  await page.locator('main tbody tr').first().waitFor();
  await page.locator('main [aria-busy="true"]').waitFor({ state: 'detached' });
  const texts = await page.locator('main tbody tr').allInnerTexts();
  return texts.map((text) => /\S+@\S+/.exec(text)?.[0] ?? text);
}

/** The address has this, once what was typed has got there. */
const searchFor = (page: Page, term: string | null): Promise<unknown> =>
  page.waitForURL((url) => url.searchParams.get('search') === term);

describe(`the console over ${PEOPLE} people`, () => {
  it('asks for one page at a time, and five pages forth and back show everybody once', async () => {
    await console_.visit(ADMIN, async ({ page, open }) => {
      const asked = listRequests(page);
      await open('/people');
      const pages = [await rows(page)];
      for (let number = 1; number < 5; number++) {
        await page.getByRole('button', { name: 'Next' }).click();
        await expectOther(page, pages.at(-1)!);
        pages.push(await rows(page));
      }
      expect(pages.map(({ length }) => length)).toEqual([SIZE, SIZE, SIZE, SIZE, SIZE]);
      expect(new Set(pages.flat()).size).toBe(5 * SIZE);
      expect(asked).toHaveLength(5);
      for (let number = 3; number >= 0; number--) {
        const before = await rows(page);
        await page.getByRole('button', { name: 'Previous' }).click();
        await expectOther(page, before);
        expect(await rows(page)).toEqual(pages[number]);
      }
    });
  });

  it('finds by one letter, two letters and a name, with a request for what was typed, and none for what it does not show', async () => {
    await console_.visit(ADMIN, async ({ page, open }) => {
      await open('/people');
      await rows(page);
      for (const term of ['m', 'li', 'martin']) {
        const field = page.getByRole('searchbox');
        await field.fill('');
        await searchFor(page, null);
        await rows(page);
        const asked = listRequests(page);
        await field.pressSequentially(term, { delay: 5 });
        await searchFor(page, term);
        const found = await rows(page);
        expect(found.length).toBeGreaterThan(0);
        expect(found.length).toBeLessThanOrEqual(SIZE);
        const searches = asked.filter((search) => search.includes('search='));
        // A pause between two keys asks, too, on a busy machine.
        expect(searches.length).toBeLessThanOrEqual(term.length);
        expect(searches.at(-1)).toContain(`search=${term}`);
      }
    });
  });
});

/** Waits until the first row is another one. */
async function expectOther(page: Page, before: readonly string[]): Promise<void> {
  const first = page.locator('main tbody tr').first();
  await first.filter({ hasNotText: before[0] ?? '' }).waitFor();
}
