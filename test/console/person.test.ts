import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { ADMIN, type Console, expectGoodPage, PASSWORD, refuse, startConsole } from './support/console.js';

let roster: Console;
let admin: { readonly authorization: string };
beforeAll(async () => {
  roster = await startConsole({ LOCKOUT_THRESHOLD: '3' });
  admin = { authorization: `Bearer ${await roster.roster.signIn()}` };
});
afterAll(async () => {
  await (roster as Console | undefined)?.stop();
});

const api = () => roster.roster.api;
const person = async (id: string): Promise<{ readonly version: number }> =>
  (await api().get(`/users/${id}?includeDeleted=true`).set(admin)).body as { version: number };
const status = (page: Page, name: string) => page.getByRole('heading', { level: 1 }).getByText(name).waitFor();
const toast = (page: Page, text: string) => page.getByText(text, { exact: true }).first().waitFor();
const more = async (page: Page, act: string) => {
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: act, exact: true }).click();
};
const dialog = (page: Page, name: string | RegExp): Locator => page.getByRole('dialog', { name });
const card = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });
const entries = (page: Page): Locator => page.getByRole('list', { name: 'Timeline' }).getByRole('listitem');

/** Somebody with a name, whose page is opened. */
async function somebody(email: string): Promise<{ readonly id: string; readonly token: string }> {
  return roster.roster.join(email, { firstName: 'Ada', lastName: 'Lovelace' });
}

describe('the page of a person', () => {
  test('does what the links allow: profile, role, username, address, status', async () => {
    const { id } = await somebody('acts@example.com');
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open(`/people/${id}`);
        await status(page, 'Active');
        await page.keyboard.press('e');
        await page.getByLabel('Nickname').fill('Countess');
        await page.getByLabel('Nickname').press('Enter');
        await toast(page, 'Saved');
        await card(page, 'Profile').getByText('Countess').waitFor();

        await page.getByRole('button', { name: 'Edit', exact: true }).click();
        await page.getByLabel('Phone').fill('0123');
        await page.getByRole('button', { name: 'Save', exact: true }).click();
        await card(page, 'Profile').getByText('must be a phone number').waitFor();
        await expectGoodPage(page, 'a profile that was refused');
        await page.keyboard.press('Escape');

        await more(page, 'Change role');
        await dialog(page, 'Change role').getByRole('combobox').click();
        await page.getByRole('option', { name: 'Manager' }).click();
        await dialog(page, 'Change role').getByRole('button', { name: 'Save' }).click();
        await toast(page, 'Role changed');
        await more(page, 'Change username');
        await dialog(page, 'Change username').getByLabel('New username').fill('countess');
        await page.keyboard.press('Enter');
        await toast(page, 'Username changed');
        await more(page, 'Change email address');
        await dialog(page, 'Change email address').getByLabel('New email address').fill('acts-new@example.com');
        await page.keyboard.press('Enter');
        await page.getByText('A link was mailed to the new address').first().waitFor();
        await more(page, 'Mark as professional');
        await toast(page, 'Professional status changed');
        expect(await person(id)).toMatchObject({
          ...{ nickname: 'Countess', role: 'MANAGER', username: 'countess', isProfessional: true },
        });
        // The timeline tells it all, with who did it.
        await entries(page).filter({ hasText: 'Role changed from User to Manager' }).getByText('by admin@').waitFor();
      },
      { expects: [/400/] },
    );
  });

  test('suspends with a reason and lets it be undone; deletes, restores and erases', async () => {
    const { id, token } = await somebody('ends@example.com');
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open(`/people/${id}`);
        await page.getByRole('button', { name: 'Suspend', exact: true }).click();
        await expectGoodPage(page, 'the dialog of a suspension');
        await dialog(page, /^Suspend Ada/)
          .getByLabel(/^Reason/)
          .fill('Spam.');
        await dialog(page, /^Suspend Ada/)
          .getByRole('button', { name: 'Suspend' })
          .click();
        await status(page, 'Suspended');
        await page.getByText(/^Suspended by admin@example\.com: Spam\./).waitFor();
        await api().get('/users/me').set('authorization', `Bearer ${token}`).expect(401);
        await page.getByRole('button', { name: 'Undo' }).click();
        await status(page, 'Active');

        await more(page, 'Delete');
        await dialog(page, /^Delete Ada/)
          .getByRole('button', { name: 'Delete' })
          .click();
        await status(page, 'Deleted');
        await page.getByRole('button', { name: 'Restore', exact: true }).click();
        await status(page, 'Active');

        await more(page, 'Erase');
        const erasure = dialog(page, /^Erase Ada/);
        const erase = erasure.getByRole('button', { name: 'Erase' });
        expect(await erase.isDisabled()).toBe(true);
        await erasure.getByLabel(/^Type ends@example\.com/).fill('ends@example.com');
        await erase.click();
        await page.getByText(/^Erased by admin@example\.com/).waitFor();
        await page.getByText('Lovelace').first().waitFor({ state: 'detached' });
      },
      // A deleted person is looked for among those who are there first.
      { expects: [/404/] },
    );
  });

  test('asks for a fresh proof where the API does, and then does it', async () => {
    const { id } = await somebody('proof@example.com');
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open(`/people/${id}`);
        await status(page, 'Active');
        await roster.roster.database.query(`UPDATE sessions SET authenticated_at = now() - interval '1 hour'`);
        const download = page.waitForEvent('download');
        await more(page, 'Export data');
        await dialog(page, 'Confirm that it is you').getByLabel('Password', { exact: true }).fill(ADMIN.password);
        await page.keyboard.press('Enter');
        expect((await download).suggestedFilename()).toBe(`user-${id}.json`);
        await toast(page, 'Exported');
      },
      { expects: [/401/] },
    );
  });

  test('ends a session, which is refused at its next request, or all; removes second factors', async () => {
    const { id, token } = await somebody('device@example.com');
    const me = () => api().get('/users/me').set('authorization', `Bearer ${token}`);
    await me().expect(200);
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open(`/people/${id}`);
      await card(page, 'Devices').getByRole('button', { name: /^End/ }).click();
      await card(page, 'Devices').getByText('Signed in nowhere').waitFor();
      await me().expect(401);
      await entries(page).filter({ hasText: 'Signed out (ended by staff)' }).waitFor();

      const again = await roster.roster.signIn('device@example.com', PASSWORD);
      await more(page, 'Sign out everywhere');
      await dialog(page, /^Sign Ada Lovelace out/)
        .getByRole('button', { name: 'Sign out everywhere' })
        .click();
      await toast(page, 'Signed out everywhere');
      await api().get('/users/me').set('authorization', `Bearer ${again}`).expect(401);
      await more(page, 'Remove second factors');
      await dialog(page, /^Remove all second factors/)
        .getByRole('button', { name: 'Remove second factors' })
        .click();
      await toast(page, 'Second factors removed');
    });
  });

  test('adds and removes contacts, resends mails, removes ways to sign in', async () => {
    const { id } = await somebody('things@example.com');
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open(`/people/${id}`);
      const contacts = card(page, 'Contacts');
      await contacts.getByRole('button', { name: 'Add contact' }).click();
      await dialog(page, 'Add contact').getByRole('textbox', { name: 'Email address' }).fill('things@work.example.com');
      await page.keyboard.press('Enter');
      await contacts.getByText('not confirmed').waitFor();
      await contacts.getByRole('button', { name: /^Remove/ }).click();
      await dialog(page, /^Remove things@work/)
        .getByRole('button', { name: 'Remove' })
        .click();
      await contacts.getByText('No contacts').waitFor();

      await card(page, 'Ways to sign in').getByRole('button', { name: 'Remove: Password' }).click();
      await dialog(page, /Password/)
        .getByRole('button', { name: 'Remove' })
        .click();
      await toast(page, 'Removed');
      await entries(page).filter({ hasText: 'Password removed' }).getByText('by admin@').waitFor();
      await card(page, 'Mails')
        .getByRole('button', { name: /^Resend: Sign-in method removed/ })
        .click();
      await toast(page, 'The mail will be sent again');
    });
  });

  test('shows another admin’s change where both change the same person, and either can be kept', async () => {
    const { id } = await somebody('both@example.com');
    const other = (nickname: string) => api().patch(`/users/${id}`).set(admin).send({ nickname }).expect(200);
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open(`/people/${id}`);
        const mine = async (nickname: string, theirs: string): Promise<Locator> => {
          await page.getByRole('button', { name: 'Edit', exact: true }).click();
          await page.getByLabel('Nickname').fill(nickname);
          await other(theirs);
          await page.getByRole('button', { name: 'Save', exact: true }).click();
          const changed = page.getByRole('dialog', { name: 'Changed meanwhile' });
          await changed.getByRole('row', { name: `Nickname ${theirs} ${nickname}` }).waitFor();
          return changed;
        };
        const changed = await mine('Mine', 'Theirs');
        await expectGoodPage(page, 'changed meanwhile');
        await changed.getByRole('button', { name: 'Save mine anyway' }).click();
        await card(page, 'Profile').getByText('Mine').waitFor();
        expect(await person(id)).toMatchObject({ nickname: 'Mine' });

        await (await mine('Mine again', 'Theirs again')).getByRole('button', { name: 'Discard mine' }).click();
        await card(page, 'Profile').getByText('Theirs again').waitFor();
        expect(await person(id)).toMatchObject({ nickname: 'Theirs again' });
      },
      { expects: [/412/] },
    );
  });

  test('is there as of any date, without acts, with what changed since, and by keys', async () => {
    const { id } = await somebody('past@example.com');
    await api().patch(`/users/${id}`).set(admin).send({ nickname: 'Later' }).expect(200);
    const { version } = await person(id);
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open(`/people/${id}`);
        await status(page, 'Active');
        await page.keyboard.press('[');
        await page.waitForURL(new RegExp(`version=${version - 1}`));
        await page.getByRole('row', { name: 'Nickname none Later' }).waitFor();
        await page.getByText('This is the past', { exact: false }).first().waitFor();
        for (const act of ['More', 'Suspend', 'Edit', 'End']) {
          expect(await page.getByRole('button', { name: act, exact: true }).count()).toBe(0);
        }
        expect(await entries(page).filter({ hasText: 'Profile changed' }).count()).toBe(0);
        await expectGoodPage(page, 'a person in the past');
        await page.keyboard.press(']');
        await page.waitForURL((url) => url.search === '');
        await card(page, 'Profile').getByText('Later').waitFor();

        await page.getByLabel('As of').fill('2020-01-01T00:00:00');
        await page.getByRole('button', { name: 'Look' }).click();
        await page.getByText('There was no such person then').waitFor();
        await page.getByRole('button', { name: 'Back to now' }).click();
        await status(page, 'Active');
      },
      { expects: [/404/] },
    );
  });

  test('loads further, shows chosen kinds by the address, and looks good in both themes and narrow', async () => {
    const { id } = await somebody('long@example.com');
    for (let count = 1; count <= 60; count++) {
      await api()
        .patch(`/users/${id}`)
        .set(admin)
        .send({ nickname: `No ${count}` })
        .expect(200);
    }
    await roster.visit(ADMIN, async ({ page, open }) => {
      await open(`/people/${id}?show=changes`);
      await entries(page).nth(49).waitFor();
      expect(await entries(page).count()).toBe(50);
      await page.getByRole('button', { name: 'Load older entries' }).click();
      await page.getByText('This is where it began.').waitFor();
      const { version } = await person(id);
      expect(await entries(page).count()).toBe(version);
      await page.getByRole('button', { name: 'Mails', exact: true }).click();
      await page.waitForURL(/show=changes(,|%2C)mails/);
      await entries(page).filter({ hasText: 'Mail sent to long@example.com' }).first().waitFor();
      await open(`/people/${id}?show=signIns`);
      await entries(page).filter({ hasText: 'Signed in with password' }).waitFor();
      await expectGoodPage(page, 'a person');
    });
  });

  test('offers a MANAGER no more on an ADMIN’s page than the API does', async () => {
    const manager = await roster.join('manager@example.com', 'MANAGER');
    const boss = await roster.join('boss@example.com', 'ADMIN');
    await roster.visit(manager, async ({ page, open }) => {
      await open(`/people/${boss.id}`);
      await page
        .getByText('Sign-ins, mails and history of a MANAGER or an ADMIN are shown to an ADMIN only.')
        .waitFor();
      for (const act of ['More', 'Suspend', 'Edit', 'Look', 'Add contact']) {
        expect(await page.getByRole('button', { name: act, exact: true }).count()).toBe(0);
      }
      await page.getByText('Not allowed').waitFor();
      for (const part of ['Devices', 'Mails', 'Ways to sign in', 'Second factors']) {
        expect(await card(page, part).count()).toBe(0);
      }
      // Nor by the address.
      await open(`/people/${boss.id}?version=1`);
      await status(page, 'Active');
      expect(await page.getByText('This is the past').count()).toBe(0);
      await expectGoodPage(page, 'an admin, as a manager sees one');
    });
  });

  test('says so when somebody is not there, when a part cannot be loaded, and when nothing can', async () => {
    const { id } = await somebody('states@example.com');
    await roster.visit(
      ADMIN,
      async ({ page, open }) => {
        await open('/people/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071');
        await status(page, 'There is no such person');
        await expectGoodPage(page, 'nobody');

        await refuse(page, /\/sessions$/, { status: 500, code: 'internal-error' });
        await refuse(page, /\/sign-ins\?/, { status: 403, code: 'forbidden', detail: 'Not yours to see.' });
        await open(`/people/${id}`);
        await card(page, 'Devices').getByRole('button', { name: 'Retry' }).waitFor();
        await page.getByText('Not yours to see.').waitFor();
        await expectGoodPage(page, 'a person of whom parts cannot be loaded');
        await page.unroute(/\/sessions$/);
        await card(page, 'Devices').getByRole('button', { name: 'Retry' }).click();
        await card(page, 'Devices').getByRole('button', { name: /^End/ }).waitFor();

        await refuse(page, new RegExp(`/users/${id}$`), { status: 403, code: 'forbidden', detail: 'Not yours.' });
        await open(`/people/${id}`);
        await page.getByText('Not allowed').waitFor();
        await page.getByText('Not yours.').waitFor();
      },
      { expects: [/40[34]|500/] },
    );
  });
});
