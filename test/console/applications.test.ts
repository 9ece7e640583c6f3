import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ADMIN, type Console, expectGoodPage, focused, refuse, startConsole } from './support/console.js';

let roster: Console;
let token: string;
beforeAll(async () => {
  roster = await startConsole();
  token = await roster.roster.signIn();
});
afterAll(async () => (roster as Console | undefined)?.stop());

const REDIRECT = 'https://grafana.example.com/login/generic_oauth';
const call = (method: 'get' | 'post' | 'patch' | 'delete', path: string, body: object = {}) =>
  roster.roster.api[method](`/clients${path}`).set('authorization', `Bearer ${token}`).send(body);
async function create(name: string, more: object = {}): Promise<string> {
  const made = await call('post', '', { name, redirectUris: [REDIRECT], ...more }).expect(201);
  return (made.body as { clientId: string }).clientId;
}

describe('applications', () => {
  test('are added with a secret that is shown once, edited, given a new secret, and deleted, all in their log', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open, context }) => {
        await context.grantPermissions(['clipboard-read', 'clipboard-write']);
        await open('/people');
        await page.getByRole('link', { name: 'Applications' }).click();
        await page.getByRole('heading', { name: 'No applications yet' }).waitFor();
        await expectGoodPage(page, 'no applications');
        await page.getByRole('button', { name: 'Add application' }).click();
        const form = page.getByRole('dialog', { name: 'Add application' });
        await form.getByLabel('Name').fill('Grafana');
        await form.getByLabel('Redirect URIs', { exact: true }).fill(`${REDIRECT}\nhttp://grafana.example.com/`);
        await form.getByText('More settings').click();
        await form.getByLabel('Back-channel logout URI').fill('https://169.254.169.254/');
        await expectGoodPage(page, 'a new application');
        await form.getByRole('button', { name: 'Add application' }).click();
        await form.getByText(/^http:\/\/grafana\.example\.com\/: must start with https/).waitFor();
        await form.getByText(/not an allowed address for back-channel logout/).waitFor();
        await form.getByLabel('Redirect URIs', { exact: true }).fill(REDIRECT);
        await form.getByLabel('Back-channel logout URI').fill('');
        await form.getByRole('button', { name: 'Add application' }).click();

        const secret = page.getByRole('alertdialog', { name: 'Put these into the application' });
        const shown = await secret.getByText(/^rcs_/).textContent();
        await expectGoodPage(page, 'the secret');
        await page.keyboard.press('Escape');
        await secret.getByRole('region', { name: 'Client secret' }).locator('..').getByRole('button').click();
        expect(await page.evaluate('navigator.clipboard.readText()')).toBe(shown);
        await secret.getByRole('button', { name: 'I have stored it' }).click();

        await page.waitForURL(/\/console\/applications\/[0-9a-f-]{36}$/);
        await page.getByRole('heading', { level: 1, name: /Grafana Server/ }).waitFor();
        await page.getByRole('region', { name: 'Quick start' }).getByText(`OIDC_ISSUER=${roster.url}`).waitFor();
        expect(await page.content()).not.toContain(shown);
        await page.getByText(/Registered by/).waitFor();
        await expectGoodPage(page, 'an application');

        await page.getByRole('button', { name: 'Edit' }).click();
        await page.getByLabel('Name').fill('Dashboards');
        await page.getByRole('checkbox', { name: /your own organisation/ }).check();
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByRole('heading', { level: 1, name: /Dashboards Server First-party/ }).waitFor();
        await page.getByText('Grafana → Dashboards').waitFor();

        await page.getByRole('button', { name: 'New secret' }).click();
        await page.getByText(/accepted for 24 hours more/).waitFor();
        await expectGoodPage(page, 'a new secret');
        await page.getByRole('button', { name: 'Make a new secret' }).click();
        await page.getByRole('alertdialog').getByText(/^rcs_/).waitFor();
        await page.getByRole('button', { name: 'I have stored it' }).click();
        await page.getByText('Old secret', { exact: true }).waitFor();
        await page.getByText(/Secret replaced by/).waitFor();
        const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';

        await page.getByRole('button', { name: 'Delete' }).click();
        await page.getByRole('dialog', { name: 'Delete Dashboards?' }).waitFor();
        await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
        await page.getByRole('heading', { name: 'No applications yet' }).waitFor();

        await open(`/applications/${id}`);
        await page.getByRole('heading', { name: 'Not found' }).waitFor();
        await page.getByText(/^Deleted by/).waitFor();
        await expectGoodPage(page, 'the log of a deleted application');
      },
      { expects: [/status of (400|404)/] },
    );
  });

  test('work by keyboard', async () => {
    const id = await create('Keyboard');
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/people');
      await page.keyboard.press('g');
      await page.keyboard.press('a');
      await page.getByRole('row', { name: /Keyboard/ }).waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.waitForURL(new RegExp(`/console/applications/${id}$`));
      await page.getByRole('button', { name: 'Delete' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Delete Keyboard?' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(await focused(page)).toBe('Delete');
    });
    await call('delete', `/${id}`).expect(204);
  });

  test('say what somebody else has changed meanwhile, and save nothing over it unasked', async () => {
    const id = await create('Shared', { public: true });
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open(`/applications/${id}`);
        await page.getByRole('heading', { level: 1, name: /Shared Browser or device/ }).waitFor();
        expect(await page.getByRole('button', { name: 'New secret' }).count()).toBe(0);
        await page.getByRole('button', { name: 'Edit' }).click();
        await page.getByLabel('Name').fill('Mine');
        await call('patch', `/${id}`, { name: 'Theirs' }).expect(200);
        // The page behind the form is brought up to date; the form goes on to be about what it began with.
        await page.evaluate(`{
          const now = Date.now;
          Date.now = () => now() + 60_000;
          document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
        }`);
        await page.locator('h1').getByText('Theirs').waitFor();
        await page.getByRole('button', { name: 'Save' }).click();
        const dialog = page.getByRole('dialog', { name: 'Changed meanwhile' });
        await dialog.getByRole('cell', { name: 'Theirs' }).waitFor();
        await dialog.getByRole('cell', { name: 'Mine' }).waitFor();
        await expectGoodPage(page, 'an application that was changed meanwhile');
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'detached' });
        expect(await page.getByLabel('Name').inputValue()).toBe('Mine');
        await page.getByRole('button', { name: 'Save' }).click();
        await dialog.getByRole('button', { name: 'Save mine anyway' }).click();
        await page.getByRole('heading', { level: 1, name: /Mine/ }).waitFor();

        await page.getByRole('button', { name: 'Edit' }).click();
        await page.getByLabel('Name').fill('Mine again');
        await call('patch', `/${id}`, { name: 'Theirs again' }).expect(200);
        await page.getByRole('button', { name: 'Save' }).click();
        await dialog.getByRole('button', { name: 'Discard mine' }).click();
        await page.getByRole('heading', { level: 1, name: /Theirs again/ }).waitFor();
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      },
      { expects: [/status of 412/] },
    );
    await call('delete', `/${id}`).expect(204);
  });

  test('are found page by page', async () => {
    const ids: string[] = [];
    for (let n = 1; n <= 51; n++) ids.push(await create(`App ${n}`));
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/applications');
      await page.getByRole('link', { name: 'App 51' }).waitFor();
      await page.getByRole('button', { name: 'Next' }).click();
      await page.getByRole('link', { name: 'App 1', exact: true }).waitFor();
      await page.getByRole('button', { name: 'Previous' }).click();
      await page.getByRole('link', { name: 'App 51' }).waitFor();
      await expectGoodPage(page, 'many applications');
    });
    for (const id of ids) await call('delete', `/${id}`).expect(204);
  });
});

describe('the states of the page', () => {
  test('a manager is told that this is not allowed', async () => {
    const manager = await roster.join('manager@example.com', 'MANAGER');
    await roster.visit(
      manager,
      async ({ page, open }) => {
        await open('/applications');
        await page.getByRole('heading', { name: 'Not allowed' }).waitFor();
        await expectGoodPage(page, 'applications refused');
        expect(await page.getByRole('link', { name: 'Applications' }).count()).toBe(0);
        expect(await page.getByRole('button', { name: 'Add application' }).count()).toBe(0);
      },
      { expects: [/status of 403/] },
    );
  });

  test('failures have a way to retry', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await refuse(page, /\/clients\?/, { status: 500, code: 'internal-error' });
        await open('/help');
        await page.getByRole('link', { name: 'Applications' }).click();
        await page.getByRole('button', { name: 'Retry' }).waitFor();
        await expectGoodPage(page, 'applications failed');
        await page.unroute(/\/clients\?/);
        await page.getByRole('button', { name: 'Retry' }).click();
        await page.getByRole('button', { name: 'Add application' }).waitFor();
      },
      { expects: [/status of 500/] },
    );
  });

  test('speaks German', async () => {
    const id = await create('Deutsch');
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/applications');
        await page.getByRole('link', { name: 'Deutsch' }).click();
        await page.getByRole('heading', { name: 'Schnellstart' }).waitFor();
        await page.getByText(/^Angelegt von/).waitFor();
        await expectGoodPage(page, 'an application in German');
      },
      { locale: 'de-DE' },
    );
    await call('delete', `/${id}`).expect(204);
  });
});
