import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { Receiver } from '../support/receiver.js';
import { Webhooks } from '../support/webhooks.js';
import { ADMIN, type Console, expectGoodPage, refuse, startConsole } from './support/console.js';

let roster: Console;
let receiver: Receiver;
let hooks: Webhooks;
let token: string;
beforeAll(async () => {
  [roster, receiver] = await Promise.all([startConsole(), Receiver.start()]);
  token = await roster.roster.signIn();
  hooks = new Webhooks(roster.roster, token);
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
  await (receiver as Receiver | undefined)?.stop();
});

async function create(firstName: string): Promise<string> {
  const { api } = roster.roster;
  const made = await api
    .post('/users')
    .set({ authorization: `Bearer ${token}` })
    .send({ firstName })
    .expect(201);
  return (made.body as { id: string }).id;
}

describe('webhooks', () => {
  test('are added with a secret that is shown once, tried out, edited, given a new secret, and deleted', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/webhooks');
        await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor();
        await expectGoodPage(page, 'no webhooks');
        await page.getByRole('button', { name: 'Add webhook' }).click();
        const form = page.getByRole('dialog', { name: 'Add webhook' });
        await form.getByLabel('URL').fill('http://169.254.169.254/latest');
        await expectGoodPage(page, 'a new webhook');
        await page.keyboard.press('Enter');
        await form.getByText(/not an allowed address/).waitFor();
        await form.getByLabel('URL').fill(receiver.url);
        await form.getByLabel('Description').fill('CRM');
        await page.keyboard.press('Enter');
        const secret = page.getByRole('alertdialog', { name: 'Secret' });
        await secret.getByText(/^whsec_/).waitFor();
        await expectGoodPage(page, 'the secret');
        await page.keyboard.press('Escape');
        await secret.waitFor();
        await secret.getByRole('button', { name: 'I have stored it' }).click();
        await secret.waitFor({ state: 'detached' });

        await page.getByRole('row', { name: /CRM/ }).focus();
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/console\/webhooks\/[0-9a-f-]{36}$/);
        await page.getByRole('heading', { level: 1, name: /127\.0\.0\.1:\d+ Enabled/ }).waitFor();
        await page.getByRole('button', { name: 'Send test' }).click();
        await page.getByRole('dialog', { name: 'The test message was accepted' }).waitFor();
        await page.keyboard.press('Escape');
        expect(receiver.received.map(({ event }) => event.type)).toEqual(['webhook.test']);

        await page.getByRole('button', { name: 'Edit' }).click();
        await page.getByLabel('Description').fill('Sales');
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByText('Sales', { exact: true }).waitFor();

        await page.getByRole('button', { name: 'New secret' }).click();
        await page.getByText(/stays valid for 24 hours/).waitFor();
        await page.getByRole('button', { name: 'Make a new secret' }).click();
        await page
          .getByRole('alertdialog')
          .getByText(/^whsec_/)
          .waitFor();
        await page.getByRole('button', { name: 'I have stored it' }).click();
        await page.getByText('Old secret').waitFor();

        await page.getByRole('button', { name: 'Delete' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
        await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor();
        expect(new URL(page.url()).pathname).toBe('/console/webhooks');
      },
      { expects: [/status of 400/] },
    );
  });

  test('show each delivery with its message and answer, and send again what failed', async () => {
    const { id } = await hooks.add(receiver.url);
    receiver.answer = (_, response) => void response.writeHead(500).end('out of memory');
    const person = await create('Canary');
    await eventually(async () => (await hooks.deliveries(id))[0]?.attempts.length === 1);
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open(`/webhooks/${id}`);
      await page.getByRole('heading', { level: 1, name: /Failing/ }).waitFor();
      await page.getByRole('cell', { name: 'answered 500' }).waitFor();
      await expectGoodPage(page, 'a webhook');
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'user.created' });
      await dialog.getByText(/"firstName": "Canary"/).waitFor();
      await dialog.getByText('out of memory').first().waitFor();
      await expectGoodPage(page, 'a delivery');
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });

      await roster.roster.database.query(
        "UPDATE webhook_deliveries SET state = 'failed', next_attempt_at = NULL WHERE user_id = $1",
        [person],
      );
      receiver.answer = () => 204;
      await page.getByRole('button', { name: 'Resend all failed (1)' }).click();
      await page.getByText('Being sent again').first().waitFor();
      await roster.roster.database.query('UPDATE webhook_endpoints SET paused_until = NULL');
      hooks.wake();
      await page.getByRole('cell', { name: 'Delivered' }).waitFor();
      await page.getByRole('combobox', { name: /^State:/ }).click();
      await page.getByRole('option', { name: 'Failed' }).click();
      await page.getByRole('heading', { name: 'No deliveries' }).waitFor();
      expect(new URL(page.url()).searchParams.get('state')).toBe('failed');

      await page.getByRole('button', { name: 'Disable' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
      await page.getByRole('heading', { level: 1, name: /Disabled/ }).waitFor();
      await page.getByRole('button', { name: 'Enable' }).click();
      await page.getByRole('heading', { level: 1, name: /Enabled/ }).waitFor();
    });
    await hooks.call('delete', `/${id}`).expect(204);
  });
});

describe('brokers', () => {
  test('show lag and dead letters, which are sent again after a word about what that means', async () => {
    await create('Refused');
    await hooks.settle();
    await roster.roster.database.query(
      `INSERT INTO relay_dead_letters (sink, position, event_id, reason)
       SELECT 'webhooks', position, event_id, 'message too large' FROM event_positions ORDER BY position DESC LIMIT 1`,
    );
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open('/webhooks');
      await page.getByRole('cell', { name: 'Running' }).waitFor();
      await page.getByRole('button', { name: 'Show 1' }).click();
      const dialog = page.getByRole('dialog', { name: 'Dead letters of webhooks' });
      await dialog.getByRole('cell', { name: 'message too large' }).waitFor();
      expect(new URL(page.url()).searchParams.get('sink')).toBe('webhooks');
      await expectGoodPage(page, 'dead letters');
      await dialog.getByRole('button', { name: 'From here' }).click();
      await page.getByText(/it and every later one, 1 in all/).waitFor();
      await page.getByRole('button', { name: 'Send again' }).last().click();
      await page
        .getByText(/1 event is being sent again/)
        .first()
        .waitFor();
      await dialog.getByRole('heading', { name: 'No dead letters' }).waitFor();
    });
  });
});

describe('the states of the page', () => {
  test('a manager is told once that this is not allowed', async () => {
    const manager = await roster.join('manager@example.com', 'MANAGER');
    await roster.visit(
      manager,
      async ({ page, open }) => {
        await open('/webhooks');
        await page.getByRole('heading', { name: 'Not allowed' }).waitFor();
        await expectGoodPage(page, 'webhooks refused');
        expect(await page.getByRole('button', { name: 'Add webhook' }).count()).toBe(0);
      },
      { expects: [/status of 403/] },
    );
  });

  test('failures have a way to retry; acts that are refused say why; what is gone is said to be', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await refuse(page, /\/webhooks$/, { status: 500, code: 'internal-error' });
        await open('/help');
        await page.getByRole('link', { name: 'Webhooks' }).click();
        await page.getByRole('button', { name: 'Retry' }).first().waitFor();
        await expectGoodPage(page, 'webhooks failed');
        await page.unroute(/\/webhooks$/);
        await page.getByRole('button', { name: 'Retry' }).first().click();
        await page.getByRole('button', { name: 'Add webhook' }).waitFor();
        await refuse(page, /\/webhooks$/, { status: 409, code: 'too-many-webhooks', detail: 'There are 50.' });
        await page.getByRole('button', { name: 'Add webhook' }).click();
        await page.getByLabel('URL').fill(receiver.url);
        await page.keyboard.press('Enter');
        await page.getByRole('dialog').getByText('There are 50.').waitFor();
        await open('/webhooks/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071');
        await page.getByRole('heading', { name: 'Not found' }).waitFor();
      },
      { expects: [/status of (500|409|404)/] },
    );
  });

  test('speaks German', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/webhooks');
        await page.getByRole('heading', { name: 'Noch keine Webhooks' }).waitFor();
        await page.getByRole('cell', { name: 'Läuft' }).waitFor();
      },
      { locale: 'de-DE' },
    );
  });
});
