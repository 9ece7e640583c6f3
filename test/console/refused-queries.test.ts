import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { Receiver } from '../support/receiver.js';
import { addTotp, freshCode, ticketOf } from '../support/totp.js';
import { Webhooks } from '../support/webhooks.js';
import { callsOfConsole, detailOf, goTo, isCall, REFUSALS, refuseCalls } from './support/calls.js';
import { ADMIN, type Console, expectGoodPage, PASSWORD, startConsole } from './support/console.js';

let roster: Console;
let receiver: Receiver;
let webhook: string;
let second: string;
let application: string;
let service: string;
const people: string[] = [];
beforeAll(async () => {
  const provider = { PROVIDERS: 'corp', CORP_ISSUER: 'https://sso.example.com', CORP_CLIENT_ID: 'roster' };
  [roster, receiver] = await Promise.all([startConsole(provider), Receiver.start()]);
  const token = await roster.roster.signIn();
  const hooks = new Webhooks(roster.roster, token);
  webhook = (await hooks.add(receiver.url)).id;
  second = (await hooks.add(`${receiver.url}/second`)).id;
  const client = { name: 'Grafana', redirectUris: ['https://grafana.example.com/login'] };
  const made = await roster.roster.api.post('/clients').set('authorization', `Bearer ${token}`).send(client);
  application = (made.body as { clientId: string }).clientId;
  const account = { name: 'Billing', role: 'AUTHENTICATED' };
  const added = await roster.roster.api.post('/service-accounts').set('authorization', `Bearer ${token}`).send(account);
  service = (added.body as { id: string }).id;
  for (const name of ['ada', 'bea', 'cleo']) people.push((await roster.roster.join(`${name}@example.com`)).id);
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
  await (receiver as Receiver | undefined)?.stop();
});

/** What stays known while all else is refused: who is signed in, and the names of the product and of providers, which have others. */
const KNOWN = ['GET /auth/session', 'GET /', 'GET /auth/methods'];
/** Asked by dialogs and by what a page shows besides, which do without. */
const BESIDE = [
  // The step-up, the comparison after 412 and the past are in files of their own.
  ...['GET /users/{id}/diff', 'GET /bulk-acts/{actId}', 'GET /users/{id}/export'],
  ...['GET /webhooks/{id}/deliveries/{deliveryId}', 'GET /relay/{sink}/dead-letters'],
];
const asked = new Set<string>();
const calls = [...callsOfConsole()].filter((call) => call.startsWith('GET '));

/** Refuses every query but those that stay known. @param but further ones that are answered */
const refuseQueries = (page: Page, refusal: (typeof REFUSALS)[number], but: readonly string[] = []) =>
  refuseCalls(page, refusal, (method, url) => {
    const call = calls.find((one) => isCall(one, method, url));
    if (call === undefined || [...KNOWN, ...but].includes(call)) return false;
    asked.add(call);
    return true;
  });

/** The pages, each with the query that it cannot do without. */
const pages = (): [path: string, call: string][] => [
  ['/people?status=LOCKED', 'GET /users'],
  ['/help?about=ada@example.com', 'GET /help'],
  ['/events?types=user.created', 'GET /events'],
  ['/webhooks', 'GET /webhooks'],
  ['/applications', 'GET /clients'],
  ['/service-accounts', 'GET /service-accounts'],
  ['/health', 'GET /health/details'],
  [`/people/${people[0]}`, 'GET /users/{id}'],
  [`/webhooks/${webhook}`, 'GET /webhooks/{id}'],
  [`/applications/${application}`, 'GET /clients/{id}'],
  [`/service-accounts/${service}`, 'GET /service-accounts/{id}'],
];
/** The parts of the page of a person, each with a query of its own. */
const PARTS = [
  ...['Devices', 'Remembered devices', 'Ways to sign in', 'Linked accounts', 'Second factors', 'Mails', 'Contacts'],
];

describe('every query of the console', () => {
  test.each(REFUSALS)('that is refused with %i says so where its answer would stand', async (status, code) => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        const says = async (where: string, place = page.locator('main')) => {
          const words = place.getByText(detailOf(status)).first();
          await words.waitFor({ timeout: 60_000 }).catch(() => expect([where, status, 'says nothing']).toEqual([]));
        };
        await open('/people/new');
        const stop = await refuseQueries(page, [status, code] as (typeof REFUSALS)[number]);
        for (const [path, call] of pages()) {
          // Until this page has asked, the words of the one before stand there, which are the same.
          const refused = page.waitForResponse((response) => isCall(call, response.request().method(), response.url()));
          await goTo(page, path);
          await refused;
          await says(path);
          if (status === 403) await page.locator('main').getByText('Not allowed').first().waitFor();
        }
        await stop();
        // The person is there, and so is the webhook, but no part of them.
        const but = [
          'GET /users/{id}',
          'GET /webhooks/{id}',
          'GET /clients/{id}',
          'GET /health/details',
          'GET /service-accounts/{id}',
        ];
        const stopParts = await refuseQueries(page, [status, code] as (typeof REFUSALS)[number], but);
        await goTo(page, `/people/${people[1]}`);
        for (const part of PARTS) await says(part, page.getByRole('region', { name: part, exact: true }));
        await says('timeline', page.getByRole('region', { name: 'Timeline' }));
        await goTo(page, '/health?tab=mails');
        await says('mails');
        await goTo(page, `/webhooks/${webhook}`);
        await says('deliveries');
        await goTo(page, `/applications/${application}`);
        await says('the log of an application');
        await goTo(page, `/service-accounts/${service}`);
        await says('keys');
        await stopParts();
      },
      { expects: [/Failed to load resource/] },
    );
  });

  test('was one of these', () => {
    const left = calls.filter((call) => ![...KNOWN, ...BESIDE, ...asked].includes(call));
    expect(left).toEqual([]);
  });
});

describe('without a network', () => {
  test('the pages of a person, of events and of webhooks say so, and load by themselves once there is one', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, context, open }) => {
        const offline = page.locator('main').getByRole('heading', { name: 'You are offline' });
        // Their code is there, as it is for somebody who works with them.
        await open('/help');
        for (const [path, name] of [
          [`/people/${people[0]}`, /Active/],
          ['/events', 'Events'],
          [`/webhooks/${webhook}`, /127/],
        ] as const) {
          await goTo(page, path);
          await page.getByRole('heading', { level: 1, name }).waitFor();
        }
        await context.setOffline(true);
        for (const [path, name] of [
          [`/people/${people[2]}`, 'a person, offline'],
          ['/events?types=user.suspended', 'events, offline'],
          [`/webhooks/${second}`, 'a webhook, offline'],
        ] as const) {
          await goTo(page, path);
          await offline
            .first()
            .waitFor()
            .catch(() => expect([name, 'says nothing']).toEqual([]));
          await expectGoodPage(page, name);
        }
        await context.setOffline(false);
        await page.getByText('Connected again.').waitFor();
        await page.getByRole('heading', { level: 1, name: /127\.0\.0\.1/ }).waitFor();
        await goTo(page, `/people/${people[2]}`);
        await page.getByRole('heading', { level: 1, name: /Active/ }).waitFor();
      },
      { expects: [/Failed to load resource/, /ERR_INTERNET_DISCONNECTED/] },
    );
  });
});

describe('on the page of a person', () => {
  test('a remembered device is forgotten, then all of them, and a single factor is removed', async () => {
    const { id, token } = await roster.roster.join('factors@example.com');
    const { secret } = await addTotp(roster.roster, token);
    for (let devices = 0; devices < 3; devices++) {
      const credentials = { identifier: 'factors@example.com', password: PASSWORD };
      const first = await roster.roster.api.post('/auth/login').send(credentials);
      const proof = { token: ticketOf(first), method: 'totp', code: await freshCode(roster.roster, secret, id) };
      await roster.roster.api
        .post('/auth/second-factor')
        .send({ ...proof, rememberDevice: true })
        .expect(200);
    }
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open(`/people/${id}`);
      const devices = page.getByRole('region', { name: 'Remembered devices' });
      const forget = devices.getByRole('button', { name: /^Forget:/ });
      await forget.nth(2).waitFor();
      await forget.first().click();
      await forget.nth(2).waitFor({ state: 'detached' });
      expect(await forget.count()).toBe(2);
      await devices.getByRole('button', { name: 'Forget all' }).click();
      await devices.getByText('No device is remembered').waitFor();
      expect(await roster.roster.database.query('SELECT FROM remembered_devices WHERE user_id = $1', [id])).toEqual([]);

      const factors = page.getByRole('region', { name: 'Second factors' });
      await factors.getByRole('button', { name: /^Remove: Authenticator app/ }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
      await factors.getByText('No second factor').waitFor();
      expect(await roster.roster.database.query('SELECT FROM totp_credentials WHERE user_id = $1', [id])).toEqual([]);
    });
  });
});
