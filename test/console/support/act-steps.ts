import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';

const SOURCES = join(import.meta.dirname, '../../../console/src');
const ACT = /api\s*\.(POST|PUT|PATCH|DELETE)\(\s*'([^']+)'/g;

/** Every act in the sources of the console, by the file it stands in: `people/bulk-bar.tsx POST /bulk-acts`. */
export function actsOfConsole(): string[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
  const found = files.flatMap((file) =>
    [...readFileSync(join(SOURCES, file), 'utf8').matchAll(ACT)].map(([, method, path]) => `${file} ${method} ${path}`),
  );
  return [...new Set(found)].sort((a, b) => a.localeCompare(b));
}

/** Where the acts of the table are begun: ids of what is there. */
export interface Places {
  /** Active, with a session, remembered devices, an authenticator app, a password, a contact, and mails. */
  readonly person: string;
  /** Waits for a second factor, so that Help offers to reset them. */
  readonly pending: string;
  readonly locked: string;
  readonly suspended: string;
  readonly deleted: string;
  readonly application: string;
  /** With a key. */
  readonly serviceAccount: string;
  readonly suspendedService: string;
  /** With a delivery that failed, which is the second id. */
  readonly webhook: string;
  readonly delivery: string;
  readonly disabledWebhook: string;
}

/** How somebody does one act of the console, and what the page does if it is refused. */
export interface Act {
  /** As `actsOfConsole` names it. */
  readonly act: string;
  /** Below `/console`. */
  readonly path: (places: Places) => string;
  /** Opens the form or dialog, if there is one; nothing is sent by it. */
  readonly open?: (page: Page) => Promise<void>;
  /** What is typed into it, by label, before anything is sent. */
  readonly typed?: Readonly<Record<string, string>>;
  readonly send: (page: Page) => Promise<void>;
  /** Where the refusal is said: in the dialog that stays open, on the page of a form, or in a notice at the edge. */
  readonly says: 'dialog' | 'page' | 'notice';
  /** It sends an ETag, so that 412 shows what has changed. */
  readonly compares?: true;
  /** It is itself the fresh proof that other acts take. */
  readonly isProof?: true;
}

export const dialog = (page: Page): Locator => page.getByRole('dialog').last();
export const press = (name: string | RegExp) => (page: Page) =>
  page
    .locator('main')
    .getByRole('button', typeof name === 'string' ? { name, exact: true } : { name })
    .first()
    .click();
export const confirm = (name: string) => (page: Page) =>
  dialog(page).getByRole('button', { name, exact: true }).click();
export const more = (name: string) => async (page: Page) => {
  await press('More')(page);
  await page.getByRole('menuitem', { name, exact: true }).click();
};
export const inRow = (region: string, name: RegExp) => (page: Page) =>
  page.getByRole('region', { name: region, exact: true }).getByRole('button', { name }).first().click();
export const inTurn =
  (...steps: ((page: Page) => Promise<unknown>)[]) =>
  async (page: Page): Promise<void> => {
    for (const step of steps) await step(page);
  };
export const choose = (label: string, option: string) => async (page: Page) => {
  await dialog(page).getByRole('combobox', { name: label }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
};
