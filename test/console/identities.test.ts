import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { freePort } from '../support/browser.js';
import { type FakePerson, IdentityProvider } from '../support/identity-provider.js';
import { ADMIN, type Console, expectGoodPage, PASSWORD, startConsole } from './support/console.js';

let corp: IdentityProvider;
let roster: Console;
let callback: string;
let admin: { readonly authorization: string };
beforeAll(async () => {
  const PORT = String(await freePort());
  callback = `http://localhost:${PORT}/auth/providers/corp/callback`;
  corp = await IdentityProvider.start([callback]);
  const providers = { PROVIDERS: 'corp', ...corp.settings('corp'), CORP_NAME: 'Corp & Co' };
  roster = await startConsole({ PORT, ...providers });
  admin = { authorization: `Bearer ${await roster.roster.signIn()}` };
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
  await (corp as IdentityProvider | undefined)?.stop();
});

const api = () => roster.roster.api;
const card = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });
const entries = (page: Page): Locator => page.getByRole('list', { name: 'Timeline' }).getByRole('listitem');

/** Signs in with the password, and links an account by the button on the page of the account. */
async function link(email: string, person: FakePerson): Promise<void> {
  corp.person = person;
  await roster.visit({ email, password: PASSWORD }, async ({ page }) => {
    await page.goto(`${roster.url}/account/security`);
    await page.getByRole('button', { name: 'Corp & Co' }).click();
    await page.getByText('Corp & Co', { exact: false }).first().waitFor();
    await page.waitForURL(/\/account\/security/);
  });
}

describe('linked accounts', () => {
  test('stand on the page of a person by the name of the provider, and are unlinked with a fresh proof', async () => {
    const { id } = await roster.roster.join('ada@example.com');
    await link('ada@example.com', { sub: 'ada', email: 'ada@corp.example', name: 'Ada Lovelace' });
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open(`/people/${id}`);
        const linked = card(page, 'Linked accounts');
        await linked.getByText('Corp & Co').waitFor();
        await linked.getByText('Ada Lovelace, ada@corp.example').waitFor();
        await linked.getByText(/^linked .*last used/).waitFor();
        await card(page, 'Ways to sign in').getByText('Corp & Co', { exact: true }).waitFor();
        await entries(page).filter({ hasText: 'Account at Corp & Co linked: ada@corp.example' }).waitFor();
        await expectGoodPage(page, 'a person with a linked account');

        await roster.roster.database.query(
          `UPDATE sessions SET authenticated_at = now() - interval '1 hour' WHERE kind = 'BROWSER'`,
        );
        await linked.getByRole('button', { name: /^Unlink: Corp & Co/ }).click();
        const asked = page.getByRole('dialog', { name: /^Unlink “Corp & Co, Ada Lovelace/ });
        await expectGoodPage(page, 'the dialog that unlinks an account');
        await asked.getByRole('button', { name: 'Unlink' }).click();
        const proof = page.getByRole('dialog', { name: 'Confirm that it is you' });
        await proof.getByLabel('Password', { exact: true }).fill(ADMIN.password);
        await page.keyboard.press('Enter');
        await page.getByText('Unlinked', { exact: true }).first().waitFor();
        await linked.getByText('No linked account').waitFor();
        await entries(page).filter({ hasText: 'Account at Corp & Co unlinked' }).getByText('by admin@').waitFor();
      },
      { expects: [/401/] },
    );
    const mail = await roster.roster.inbox.about('ada@example.com', /^A sign-in method .* was removed$/);
    expect(mail.text).toContain('Corp & Co');
  });

  test('stay where they are the last way in: without a button, and with a reason where it came too late', async () => {
    const created = await api().post('/users').set(admin).send({ username: 'nomail', password: PASSWORD }).expect(201);
    const { id } = created.body as { id: string };
    await link('nomail', { sub: 'nomail' });
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open(`/people/${id}`);
        const linked = card(page, 'Linked accounts');
        await linked.getByRole('button', { name: 'Unlink: Corp & Co' }).click();
        await api().delete(`/users/${id}/methods/password`).set(admin).expect(204);
        const asked = page.getByRole('dialog', { name: /^Unlink/ });
        await asked.getByRole('button', { name: 'Unlink' }).click();
        await asked.getByRole('alert').getByText('This is the only sign-in method left.').waitFor();
        await asked.getByRole('button', { name: 'Cancel' }).click();
        await linked.getByText('The only way to sign in').waitFor();
        expect(await linked.getByRole('button').count()).toBe(0);
        expect(await card(page, 'Ways to sign in').getByRole('button').count()).toBe(0);
        await expectGoodPage(page, 'a person whose last way in is a linked account');
      },
      { expects: [/409/] },
    );
    const manager = await roster.join('manager@example.com', 'MANAGER');
    await roster.visit(manager, async ({ page, open }) => {
      await open(`/people/${id}`);
      await card(page, 'Linked accounts').getByText('Corp & Co').waitFor();
      expect(await card(page, 'Linked accounts').getByRole('button').count()).toBe(0);
    });
  });
});

describe('the providers on the health page', () => {
  test('are listed with the callback to register, and how to set one up is said where there are none', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, context, open }) => {
        await context.grantPermissions(['clipboard-read', 'clipboard-write']);
        await open('/health');
        await page.getByRole('tab', { name: 'Anbieter' }).click();
        await page.waitForURL(/tab=providers/);
        const row = page.locator('[data-provider="corp"]');
        const text = await row.innerText();
        expect(text).toMatch(/\t[1-9]\d*\t(gerade eben|jetzt|vor )/);
        for (const part of ['Corp & Co', corp.issuer, 'nicht vertrauenswürdig', callback]) expect(text).toContain(part);
        expect(await page.locator('main').innerText()).not.toContain('a secret that only');
        await row.getByRole('button', { name: 'Callback-URL von Corp & Co kopieren' }).click();
        expect(await page.evaluate('navigator.clipboard.readText()')).toBe(callback);
        await expectGoodPage(page, 'health, providers');

        await page.route(/\/health\/details/, async (route) => {
          const answer = await route.fetch();
          await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), providers: [] } });
        });
        await page.getByText('Keine Anbieter').waitFor();
        await page.getByText('docs/providers.md', { exact: false }).waitFor();
        await expectGoodPage(page, 'health, no providers');
      },
      { locale: 'de-DE' },
    );
  });
});
