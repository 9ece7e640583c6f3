import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Puts axe-core into a page, past its Content-Security-Policy. */
export async function bringAxe(page: Page): Promise<void> {
  await page.evaluate(AXE);
}

/**
 * What axe-core finds wrong in a page that it was brought into, for people to read.
 * @param rules `pages` for all of them; `mails` for WCAG 2.2 AA alone, for a mail is shown inside the page of another
 */
export async function violations(page: Page, rules: 'pages' | 'mails'): Promise<string[]> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  const options = rules === 'mails' ? { runOnly: { type: 'tag', values: tags } } : {};
  const found = await page.evaluate<Violation[]>(
    `axe.run(document, ${JSON.stringify({ ...options, iframes: false, resultTypes: ['violations'] })}).then(({ violations }) => violations)`,
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${html} ${failureSummary}`),
  );
}

export async function expectAccessible(page: Page): Promise<void> {
  await bringAxe(page);
  expect(await violations(page, 'pages')).toEqual([]);
}

/** The page of the development mailbox with the newest mail to this address about this. */
export async function openMail(
  context: BrowserContext,
  mailboxUrl: string,
  email: string,
  subject: string | RegExp = '',
): Promise<Page> {
  const page = await context.newPage();
  const mail = page.locator('#list a', { hasText: email }).filter({ hasText: subject }).first();
  for (let tries = 0; tries < 200; tries += 1) {
    await page.goto(mailboxUrl);
    if ((await mail.count()) > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await mail.click();
  await page.waitForURL(/\/mails\//);
  return page;
}

/** Clicks the link inside the mail, which stands in a sandboxed frame. */
export async function followLink(mail: Page): Promise<Page> {
  const [page] = await Promise.all([
    mail.context().waitForEvent('page'),
    mail.frameLocator('iframe.body').locator('a[href*="token="]').first().click(),
  ]);
  await page.waitForLoadState();
  return page;
}

export async function heading(page: Page): Promise<string> {
  return page.locator('h1').innerText();
}
