import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ADMIN, type Console, expectGoodPage, focused, refuse, startConsole } from './support/console.js';

let roster: Console;
let token: string;
beforeAll(async () => {
  roster = await startConsole();
  token = await roster.roster.signIn();
});
afterAll(async () => (roster as Console | undefined)?.stop());

const call = (method: 'get' | 'post' | 'delete', path: string, body: object = {}) =>
  roster.roster.api[method](`/service-accounts${path}`).set('authorization', `Bearer ${token}`).send(body);
const create = async (name: string): Promise<string> =>
  ((await call('post', '', { name, role: 'AUTHENTICATED' }).expect(201)).body as { id: string }).id;
const addKey = async (id: string, name: string): Promise<string> =>
  ((await call('post', `/${id}/keys`, { name }).expect(201)).body as { key: string }).key;
const introspect = (key: string) =>
  roster.roster.api.post('/auth/introspect').set('authorization', `Bearer ${key}`).send({ token: 'x' });

describe('service accounts', () => {
  test('are added, and get keys that are shown once, used, replaced and retired', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open, context }) => {
        await context.grantPermissions(['clipboard-read', 'clipboard-write']);
        await open('/people');
        await page.getByRole('link', { name: 'Service accounts' }).click();
        await page.getByRole('heading', { name: 'No service accounts yet' }).waitFor();
        await expectGoodPage(page, 'no service accounts');
        await page.getByRole('button', { name: 'Add service account' }).click();
        const form = page.getByRole('dialog', { name: 'Add service account' });
        await form.getByLabel('Name').fill('Billing');
        await form.getByRole('checkbox', { name: 'Check tokens' }).check();
        await expectGoodPage(page, 'a new service account');
        await form.getByRole('button', { name: 'Add service account' }).click();

        await page.waitForURL(/\/console\/service-accounts\/[0-9a-f-]{36}$/);
        await page.getByRole('heading', { level: 1, name: 'Billing' }).waitFor();
        await page.getByRole('heading', { name: 'No keys yet' }).waitFor();
        await page.getByRole('button', { name: 'Make a key' }).click();
        const keyForm = page.getByRole('dialog', { name: 'Make a key' });
        await keyForm.getByLabel('Name of the key').fill('production');
        await keyForm.getByLabel('Networks').fill('10.1.2.3/16');
        await keyForm.getByRole('button', { name: 'Make a key' }).click();
        await keyForm.getByText(/without bits beyond the prefix/).waitFor();
        await expectGoodPage(page, 'a new key');
        await keyForm.getByLabel('Networks').fill('127.0.0.0/8\n::1');
        await keyForm.getByLabel('Valid until').fill('2099-01-31');
        await keyForm.getByRole('button', { name: 'Make a key' }).click();

        const shown = page.getByRole('alertdialog', { name: 'Put this key into the service' });
        const key = (await shown.getByText(/^roster_/).textContent()) ?? '';
        await expectGoodPage(page, 'the key');
        await page.keyboard.press('Escape');
        await shown.getByRole('region', { name: 'Key' }).locator('..').getByRole('button').click();
        expect(await page.evaluate('navigator.clipboard.readText()')).toBe(key);
        await shown.getByRole('button', { name: 'I have stored it' }).click();
        const row = page.getByRole('row', { name: /production/ });
        await row.getByText('127.0.0.0/8, ::1/128').waitFor();
        await row.getByText('never').waitFor();
        expect(await page.content()).not.toContain(key);

        await introspect(key).expect(200);
        await page.reload();
        await page.getByText(/^from (127\.0\.0\.1|::1)$/).waitFor();
        await page.getByRole('button', { name: 'Replace the key production' }).click();
        const replace = page.getByRole('dialog', { name: 'Replace the key production' });
        expect(await replace.getByLabel('Networks').inputValue()).toBe('127.0.0.0/8\n::1/128');
        await replace.getByLabel('Name of the key').fill('production 2');
        await expectGoodPage(page, 'a key that is replaced');
        await replace.getByRole('button', { name: 'Make a key' }).click();
        const next =
          (await page
            .getByRole('alertdialog')
            .getByText(/^roster_/)
            .textContent()) ?? '';
        await page.getByRole('button', { name: 'I have stored it' }).click();
        for (const one of [key, next]) await introspect(one).expect(200);

        await page.getByRole('button', { name: 'Retire the key production', exact: true }).click();
        const retire = page.getByRole('dialog', { name: 'Retire the key production?' });
        await retire.getByText(/used within the last hour/).waitFor();
        await expectGoodPage(page, 'a key that is retired');
        await retire.getByRole('button', { name: 'Retire' }).click();
        await page.getByText('Key retired').waitFor();
        await introspect(key).expect(401);
        await introspect(next).expect(200);
        await expectGoodPage(page, 'a service account');
      },
      { expects: [/status of 400/] },
    );
  });

  test('are changed, suspended, reinstated and deleted', async () => {
    const id = await create('Stock');
    const key = await addKey(id, 'one');
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open(`/service-accounts/${id}`);
      await page.getByRole('button', { name: 'Edit' }).click();
      await page.getByLabel('Name').fill('Stores');
      await page.getByRole('checkbox', { name: 'Create and change users' }).uncheck();
      await page.getByRole('combobox', { name: /Role/ }).click();
      await page.getByRole('option', { name: 'Manager' }).click();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { level: 1, name: 'Stores' }).waitFor();
      const { body } = await call('get', `/${id}`).expect(200);
      expect(body).toMatchObject({ name: 'Stores', role: 'MANAGER' });
      expect((body as { scopes: string[] }).scopes).not.toContain('users:write');
      expect((body as { scopes: string[] }).scopes).toContain('users:read');

      await page.getByRole('button', { name: 'Suspend' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click();
      await page.getByRole('heading', { level: 1, name: 'Stores Suspended' }).waitFor();
      await introspect(key).expect(401);
      await page.getByRole('button', { name: 'Reinstate' }).click();
      await page.getByRole('button', { name: 'Suspend' }).waitFor();
      await introspect(key).expect(200);

      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog', { name: 'Delete Stores?' }).getByRole('button', { name: 'Delete' }).click();
      await page.waitForURL(/\/console\/service-accounts$/);
      await introspect(key).expect(401);
    });
  });

  test('work by keyboard', async () => {
    const id = await create('Keyboard');
    await addKey(id, 'one');
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/people');
      await page.keyboard.press('g');
      await page.keyboard.press('k');
      await page
        .getByRole('row', { name: /Billing|Keyboard/ })
        .first()
        .waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/console\/service-accounts\/[0-9a-f-]{36}$/);
      await open(`/service-accounts/${id}`);
      await page.getByRole('button', { name: 'Retire the key one' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Retire the key one?' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(await focused(page)).toBe('Retire the key one');
    });
    await call('delete', `/${id}`).expect(204);
  });

  test('ask for a fresh proof', async () => {
    const id = await create('Proof');
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open(`/service-accounts/${id}`);
        await roster.roster.database.query("UPDATE sessions SET authenticated_at = now() - interval '1 hour'");
        // What the server remembers of the session is loaded anew.
        await page.waitForTimeout(500);
        await page.getByRole('button', { name: 'Make a key' }).click();
        await page.getByLabel('Name of the key').fill('fresh');
        const form = page.getByRole('dialog', { name: 'Make a key' });
        await form.getByRole('button', { name: 'Make a key' }).click();
        await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
        await page.keyboard.press('Enter');
        await page
          .getByRole('alertdialog')
          .getByText(/^roster_/)
          .waitFor();
      },
      { expects: [/status of 401/] },
    );
    token = await roster.roster.signIn();
    await call('delete', `/${id}`).expect(204);
  });
});

describe('the states of the page', () => {
  test('a manager is told that this is not allowed', async () => {
    const manager = await roster.join('manager@example.com', 'MANAGER');
    await roster.visit(
      manager,
      async ({ page, open }) => {
        await open('/service-accounts');
        await page.getByRole('heading', { name: 'Not allowed' }).waitFor();
        await expectGoodPage(page, 'service accounts refused');
        expect(await page.getByRole('link', { name: 'Service accounts' }).count()).toBe(0);
      },
      { expects: [/status of 403/] },
    );
  });

  test('failures have a way to retry', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await refuse(page, /\/service-accounts$/, { status: 500, code: 'internal-error' });
        await open('/help');
        await page.getByRole('link', { name: 'Service accounts' }).click();
        await page.getByRole('button', { name: 'Retry' }).waitFor();
        await page.unroute(/\/service-accounts$/);
        await page.getByRole('button', { name: 'Retry' }).click();
        await page.getByRole('button', { name: 'Add service account' }).waitFor();
      },
      { expects: [/status of 500/] },
    );
  });

  test('speaks German', async () => {
    const id = await create('Deutsch');
    await addKey(id, 'eins');
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/service-accounts');
        await page.getByRole('link', { name: 'Deutsch' }).click();
        await page.getByRole('heading', { name: 'Schlüssel' }).waitFor();
        await page.getByRole('button', { name: 'Den Schlüssel eins ersetzen' }).waitFor();
        await expectGoodPage(page, 'a service account in German');
      },
      { locale: 'de-DE' },
    );
    await call('delete', `/${id}`).expect(204);
  });
});
