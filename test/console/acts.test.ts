import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { addTotp, freshCode } from '../support/totp.js';
import { ADMIN, type Console, expectGoodPage, refuse, startConsole } from './support/console.js';

let roster: Console;
beforeAll(async () => {
  roster = await startConsole();
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
});

const EXPECTS = { expects: [/Failed to load resource/, /ERR_FAILED/] };
/** The act that every page has; what it is answered stands for every other. */
const LOGOUT = '**/auth/logout';

async function act(page: Page, name = 'Sign out'): Promise<void> {
  await page.locator('header button[aria-haspopup="menu"]').click();
  await page.getByRole('menuitem', { name }).click();
}

const notice = (page: Page) => page.locator('[data-notice]');
async function expectNotice(page: Page, text: string): Promise<void> {
  await notice(page).getByText(text).waitFor();
  await notice(page).locator('button').last().click();
  await notice(page).waitFor({ state: 'detached' });
}

describe('an act that is refused', () => {
  test('says why in words, and what to do', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/help');
        for (const [status, code, headers, says] of [
          [403, 'forbidden', {}, 'Not allowed. Refused by the test.'],
          [409, 'refused-by-handler', {}, 'Refused by the test.'],
          [412, 'precondition-failed', {}, 'Refused by the test.'],
          [422, 'idempotency-key-reused', {}, 'Refused by the test.'],
          [429, 'too-many-requests', { 'retry-after': '2' }, 'Refused by the test. Try again in 2 seconds.'],
          [500, 'internal-error', {}, 'Refused by the test. Trace id test.'],
          [503, 'busy', { 'retry-after': '1' }, 'Refused by the test. Try again in 1 second.'],
        ] as const) {
          await refuse(page, LOGOUT, { status, code, headers });
          await act(page);
          await expectNotice(page, says);
          await page.unroute(LOGOUT);
        }
        await page.route(LOGOUT, (route) => route.abort());
        await act(page);
        await notice(page).getByText('it is not known whether this was done').waitFor();
        await expectGoodPage(page, 'a refusal');
        // A notice covers nothing: keys go on to work.
        await page.keyboard.press('g');
        await page.keyboard.press('p');
        await page.waitForURL(/\/people$/);
      },
      EXPECTS,
    );
  });

  test('says so in German, too', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/help');
        await refuse(page, LOGOUT, { status: 403, code: 'forbidden' });
        await act(page, 'Abmelden');
        await expectNotice(page, 'Nicht erlaubt. Ihre Rolle erlaubt das nicht.');
      },
      { ...EXPECTS, locale: 'de-DE' },
    );
  });

  test('because the session has ended shows that', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, context, open }) => {
        await open('/help');
        await context.clearCookies();
        await refuse(page, LOGOUT, { status: 401, code: 'not-authenticated' });
        await act(page);
        await page.getByRole('alertdialog', { name: 'Your session has ended' }).waitFor();
      },
      EXPECTS,
    );
  });
});

/** To an authenticator that the browser only pretends to have. */
async function addPasskey(page: Page, context: BrowserContext): Promise<void> {
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable', { enableUI: false });
  const options = {
    ...({ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true } as const),
    ...{ isUserVerified: true, automaticPresenceSimulation: true },
  };
  await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
  await page.evaluate(`(async () => {
    const post = async (path, body) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(path, { method: 'POST', ...(body && { headers, body: JSON.stringify(body) }) });
      if (!response.ok) throw new Error(await response.text());
      return response.json();
    };
    const options = await post('/users/me/passkeys/options');
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    await post('/users/me/passkeys', { credential: (await navigator.credentials.create({ publicKey })).toJSON() });
  })()`);
}

/** The first call wants a fresh proof, and the one after it is refused as well, so that the session stays. */
async function wantProof(page: Page): Promise<void> {
  await refuse(page, LOGOUT, { status: 409, code: 'refused-by-handler', detail: 'Called again.' });
  await page.route(
    LOGOUT,
    (route) =>
      route.fulfill({
        status: 401,
        contentType: 'application/problem+json; charset=utf-8',
        body: JSON.stringify({
          status: 401,
          code: 'step-up-required',
          title: 'Fresh proof required',
          detail: 'Prove it.',
        }),
      }),
    { times: 1 },
  );
}

describe('an act that takes a fresh proof', () => {
  const dialog = (page: Page) => page.getByRole('dialog', { name: 'Confirm that it is you' });

  test('asks for the password, says that a wrong one is wrong, and goes on with the right one', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/help');
        await wantProof(page);
        await act(page);
        await dialog(page).getByLabel('Password', { exact: true }).fill('wrong');
        await expectGoodPage(page, 'the dialog for a fresh proof');
        await page.keyboard.press('Enter');
        await dialog(page).getByText('The password is wrong').waitFor();
        await dialog(page).getByLabel('Password', { exact: true }).fill(ADMIN.password);
        await page.keyboard.press('Enter');
        await expectNotice(page, 'Called again.');
        expect(await dialog(page).count()).toBe(0);
      },
      EXPECTS,
    );
  });

  test('is not done if the proof is not given, and says nothing more', async () => {
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/help');
        await wantProof(page);
        await act(page);
        await dialog(page).getByRole('button', { name: 'Cancel' }).click();
        await dialog(page).waitFor({ state: 'detached' });
        await page.waitForTimeout(200);
        expect(await notice(page).count()).toBe(0);
      },
      EXPECTS,
    );
  });

  test('asks somebody with second factors for one of those: app, recovery code or passkey', async () => {
    const ada = await roster.join('ada@example.com', 'MANAGER');
    await roster.visit(
      ada,
      async ({ page, context, open }) => {
        await open('/help');
        const token = await roster.roster.signIn(ada.email, ada.password);
        const { secret, recoveryCodes } = await addTotp(roster.roster, token);
        await wantProof(page);
        await act(page);
        const code = await freshCode(roster.roster, secret, ada.id);
        await dialog(page).getByRole('textbox', { name: 'Code of the authenticator app' }).fill(code);
        await page.keyboard.press('Enter');
        await expectNotice(page, 'Called again.');

        await wantProof(page);
        await act(page);
        await dialog(page).getByRole('combobox').click();
        await page.getByRole('option', { name: 'Recovery code' }).click();
        await dialog(page).getByRole('textbox', { name: 'Recovery code' }).fill(recoveryCodes[0]!);
        await page.keyboard.press('Enter');
        await expectNotice(page, 'Called again.');

        await addPasskey(page, context);
        await wantProof(page);
        await act(page);
        await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
        await expectNotice(page, 'Called again.');
      },
      EXPECTS,
    );
  });
});
