import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { collectComplaints } from '../support/browser.js';
import { Receiver } from '../support/receiver.js';
import { addTotp, freshCode, ticketOf } from '../support/totp.js';
import { Webhooks } from '../support/webhooks.js';
import { eventually } from '../support/eventually.js';
import { type Act, actsOfConsole, type Places } from './support/act-steps.js';
import { ACTS } from './support/acts.js';
import { detailOf, goTo, isCall, REFUSALS, refuseCalls } from './support/calls.js';
import { ADMIN, type Console, PASSWORD, signIn, startConsole } from './support/console.js';

let roster: Console;
let receiver: Receiver;
let places: Places;
let context: BrowserContext;
let page: Page;
let complaints: readonly string[];
beforeAll(async () => {
  const provider = { PROVIDERS: 'corp', CORP_ISSUER: 'https://sso.example.com', CORP_CLIENT_ID: 'roster' };
  [roster, receiver] = await Promise.all([
    startConsole({ LOCKOUT_THRESHOLD: '3', LOCKOUT_DURATION: '1h', ...provider }),
    Receiver.start(),
  ]);
  places = await furnish();
  context = await roster.browser.newContext({
    ...{ viewport: { width: 1280, height: 800 }, locale: 'en-GB', reducedMotion: 'reduce' },
  });
  complaints = collectComplaints(context);
  await signIn(context, roster.url, ADMIN);
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
});
afterAll(async () => {
  await (context as BrowserContext | undefined)?.close();
  await (roster as Console | undefined)?.stop();
  await (receiver as Receiver | undefined)?.stop();
});

/** Everything that acts are done to. */
async function furnish(): Promise<Places> {
  const { api, database } = roster.roster;
  const token = await roster.roster.signIn();
  const admin = { authorization: `Bearer ${token}` };
  const hooks = new Webhooks(roster.roster, token);
  const webhook = (await hooks.add(receiver.url)).id;
  const disabledWebhook = (await hooks.add(`${receiver.url}/second`)).id;
  await hooks.call('patch', `/${disabledWebhook}`, { enabled: false }).expect(200);

  const ada = await roster.roster.join('ada@example.com', { firstName: 'Ada' });
  const { secret } = await addTotp(roster.roster, ada.token);
  const signInAs = (email: string, password = PASSWORD) =>
    api.post('/auth/login').send({ identifier: email, password });
  for (let devices = 0; devices < 2; devices++) {
    const ticket = ticketOf(await signInAs('ada@example.com'));
    const proof = { token: ticket, method: 'totp', code: await freshCode(roster.roster, secret, ada.id) };
    await api
      .post('/auth/second-factor')
      .send({ ...proof, rememberDevice: true })
      .expect(200);
  }
  const contact = { kind: 'email', value: 'ada@home.example.com' };
  await api.post(`/users/${ada.id}/contacts`).set(admin).send(contact).expect(201);
  const pending = await roster.roster.join('pending@example.com');
  await addTotp(roster.roster, pending.token);
  await signInAs('pending@example.com');
  const [locked, suspended, deleted] = [
    await roster.roster.join('locked@example.com'),
    await roster.roster.join('suspended@example.com'),
    await roster.roster.join('deleted@example.com'),
  ];
  for (let attempt = 0; attempt < 3; attempt++) await signInAs('locked@example.com', 'wrong').expect(401);
  await api.post(`/users/${suspended.id}/suspend`).set(admin).send({}).expect(200);
  await api.delete(`/users/${deleted.id}`).set(admin).expect(204);
  const client = { name: 'Grafana', redirectUris: ['https://grafana.example.com/login'] };
  const application = (await api.post('/clients').set(admin).send(client)).body as { clientId: string };
  const serviceAccount = async (name: string): Promise<string> => {
    const added = await api.post('/service-accounts').set(admin).send({ name, role: 'AUTHENTICATED' }).expect(201);
    return (added.body as { id: string }).id;
  };
  const billing = await serviceAccount('Billing');
  await api.post(`/service-accounts/${billing}/keys`).set(admin).send({ name: 'production' }).expect(201);
  const suspendedService = await serviceAccount('Old billing');
  await api.post(`/users/${suspendedService}/suspend`).set(admin).send({}).expect(200);

  await hooks.settle();
  await eventually(async () => (await hooks.deliveries(webhook)).length > 0);
  const [delivery] = await hooks.deliveries(webhook);
  await database.query("UPDATE webhook_deliveries SET state = 'failed', next_attempt_at = NULL");
  await database.query(
    `INSERT INTO relay_dead_letters (sink, position, event_id, reason)
     SELECT 'webhooks', position, event_id, 'message too large' FROM event_positions ORDER BY position DESC LIMIT 1`,
  );
  return {
    ...{ person: ada.id, pending: pending.id, locked: locked.id, suspended: suspended.id, deleted: deleted.id },
    ...{ serviceAccount: billing, suspendedService },
    ...{ application: application.clientId, webhook, delivery: delivery?.id ?? '', disabledWebhook },
  };
}

/** What takes an authenticator or another provider to come by. */
async function pretend(): Promise<void> {
  const links = { _links: { remove: { href: '', method: 'DELETE' }, unlink: { href: '', method: 'DELETE' } } };
  const at = { addedAt: '2026-01-01T00:00:00Z', linkedAt: '2026-01-01T00:00:00Z', lastUsedAt: null };
  await page.route(`**/users/${places.person}/factors`, async (route) => {
    if (route.request().method() !== 'GET') return route.fallback();
    const answer = await route.fetch();
    const { items, ...rest } = (await answer.json()) as { items: object[] };
    const passkey = { id: 'a', kind: 'passkey', label: 'Laptop', ...at, ...links };
    return route.fulfill({ json: { ...rest, items: [...items, passkey] } });
  });
  const account = { id: 'a', provider: 'corp', providerName: 'Corp', email: null, username: 'ada', name: null };
  await page.route(`**/users/${places.person}/identities`, (route) =>
    route.fulfill({ json: { items: [{ ...account, removable: true, ...at, ...links }] } }),
  );
}

const notices = (): Locator => page.locator('[data-notice]');
const dialogs = (): Locator => page.locator('[role=dialog], [role=alertdialog]');

/** Waits for something to be there; a failure names the act and the status, not a locator alone. */
async function expectThere(locator: Locator, ...what: unknown[]): Promise<void> {
  await locator.waitFor().catch(() => expect(what).toBe('there'));
}

async function expectSaid({ says }: Act, status: number): Promise<void> {
  const beginning = { 403: 'Not allowed. ', 412: 'Changed meanwhile. ' }[status] ?? '';
  const text = `${beginning}${detailOf(status)}`;
  const place = { dialog: dialogs(), page: page.locator('main'), notice: notices() }[says];
  await expectThere(place.getByText(text, { exact: true }).first(), says, status);
  if (says !== 'notice') expect(await notices().count()).toBe(0);
}

/** Closes a dialog by Esc, once it is there for the keyboard too. */
async function escape(dialog: Locator): Promise<void> {
  await dialog.and(page.locator(':focus-within')).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}

async function closeNotices(): Promise<void> {
  for (let count = await notices().count(); count > 0; count = await notices().count()) {
    // One that goes by itself meanwhile cannot be clicked, and needs no click.
    const close = notices().first().locator('button').last();
    await close.click({ timeout: 5000 }).catch(() => undefined);
    await notices()
      .nth(count - 1)
      .waitFor({ state: 'detached' });
  }
}

/** That what was typed is there still, and no dialog but that of the act. */
async function expectKept({ says, typed = {} }: Act, when: unknown): Promise<void> {
  for (const [label, value] of Object.entries(typed)) {
    expect([when, label, await field(label).inputValue()]).toEqual([when, label, value]);
  }
  expect([when, (await dialogs().count()) > 0]).toEqual([when, says === 'dialog']);
}

const field = (label: string): Locator =>
  page
    .getByRole('textbox', { name: new RegExp(String.raw`^${label}( ?\(optional\))?$`) })
    .or(page.getByLabel(label, { exact: true }))
    .last();

/** Whether the test before has left the page without anything open. */
let isLeftWell = false;

describe('every act of the console that is refused', () => {
  test.each(ACTS.map((act) => [act.act, act] as const))('%s', async (_, act) => {
    const [, ...words] = act.act.split(' ');
    const call = words.join(' ');
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await pretend();
    await (isLeftWell ? goTo(page, '/help') : page.goto(`${roster.url}/console/help`));
    isLeftWell = false;
    await page.getByRole('heading', { level: 1, name: 'Help' }).waitFor();
    await goTo(page, act.path(places));
    await act.open?.(page);
    for (const [label, value] of Object.entries(act.typed ?? {})) await field(label).fill(value);
    const isAct = (method: string, url: string): boolean => isCall(call, method, url);

    for (const [status, code] of REFUSALS) {
      const stop = await refuseCalls(page, [status, code] as (typeof REFUSALS)[number], isAct);
      await act.send(page);
      if (status === 412 && act.compares) {
        const changed = page.getByRole('dialog', { name: 'Changed meanwhile' });
        await expectThere(changed, 'the comparison');
        await escape(changed);
      } else {
        await expectSaid(act, status);
      }
      await closeNotices();
      await expectKept(act, status);
      await stop();
    }
    if (!act.isProof) await expectProof(act, isAct);
    await expectSignIn(act, isAct);
    while ((await dialogs().count()) > 0) {
      await escape(dialogs().nth((await dialogs().count()) - 1));
    }
    isLeftWell = true;
  });

  /** A fresh proof is asked for; one that is not given ends nothing but the attempt. */
  async function expectProof(act: Act, isAct: (method: string, url: string) => boolean): Promise<void> {
    const stop = await refuseCalls(page, [401, 'step-up-required'] as never, isAct);
    await act.send(page);
    const proof = page.getByRole('dialog', { name: 'Confirm that it is you' });
    await expectThere(proof, 'the question for a proof');
    await proof.getByRole('textbox', { name: 'Password' }).waitFor();
    await escape(proof);
    await expectKept(act, 'the proof');
    await stop();
  }

  /** A session that has ended leads to the sign-in; one who signs in elsewhere goes on with what was typed. */
  async function expectSignIn(act: Act, isAct: (method: string, url: string) => boolean): Promise<void> {
    const refused = (method: string, url: string) => isAct(method, url) || isCall('GET /auth/session', method, url);
    const stop = await refuseCalls(page, [401, 'not-authenticated'], refused);
    await act.send(page);
    const ended = page.getByRole('alertdialog', { name: 'Your session has ended' });
    await expectThere(ended.getByRole('button', { name: 'Sign in again' }), 'the way to the sign-in');
    await stop();
    await page.evaluate(`document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`);
    await ended.waitFor({ state: 'detached' });
    await closeNotices();
    await expectKept(act, 'the sign-in');
  }

  test('was one of these, and nothing threw', () => {
    expect([...new Set(ACTS.map(({ act }) => act))].sort((a, b) => a.localeCompare(b))).toEqual(actsOfConsole());
    expect(complaints.filter((complaint) => !/Failed to load resource/.test(complaint))).toEqual([]);
  });
});
