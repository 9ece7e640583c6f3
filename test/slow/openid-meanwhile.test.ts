import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { beforeCommit, countWaiting } from '../support/meanwhile.js';
import { Application, signInOnPage } from '../support/openid.js';
import { type PageAnswer, PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

let roster: Roster;
let shop: Application;
beforeAll(async () => {
  roster = await startRoster();
  shop = await Application.register(roster, await roster.signIn(), { name: 'Shop' });
});
afterAll(() => roster.stop());

async function signedIn(email: string): Promise<PageBrowser> {
  const browser = new PageBrowser(roster);
  await signInOnPage(browser, email, PASSWORD);
  return browser;
}

/** The page on which the application asks for these scopes. */
const asked = async (browser: PageBrowser, scope: string): Promise<PageAnswer> =>
  browser.follow(await browser.open((await shop.begin({ scope })).path));
const allow = (browser: PageBrowser, page: PageAnswer) => browser.submit(page, {}, 'Allow');

describe('What somebody allows an application', () => {
  const CONSENT = "user_id = $1 AND kind = 'Consent'";
  const scopesOf = async ({ id, token }: { id: string; token: string }) => {
    const { body } = await roster.api.get(`/users/${id}/grants`).set(as(token)).expect(200);
    return (body as { items: { scopes: string[] }[] }).items.map(({ scopes }) => scopes.toSorted());
  };

  it('does not bring back what is taken back at the same moment', async () => {
    const ada = await roster.join('ada@example.com');
    const browser = await signedIn('ada@example.com');
    await allow(browser, await asked(browser, 'openid email'));
    const page = await asked(browser, 'openid profile');
    await beforeCommit(
      roster.database,
      // A lock beside which the consent is read, and is not written.
      [`SELECT FROM openid_artifacts WHERE ${CONSENT} FOR SHARE`, ada.id],
      () => allow(browser, page),
      (holder) => holder.query('DELETE FROM openid_artifacts WHERE user_id = $1', [ada.id]),
    );
    expect(await scopesOf(ada)).toEqual([['openid', 'profile']]);
  });

  describe('in two browsers at once is all kept', () => {
    /** Lets both wait for what a statement locks, and then go on. */
    async function allowBoth(email: string, held: readonly [string, ...string[]]): Promise<void> {
      const [one, other] = [await signedIn(email), await signedIn(email)];
      const [page, otherPage] = [await asked(one, 'openid email'), await asked(other, 'openid profile')];
      let second: Promise<unknown> | undefined;
      await beforeCommit(
        roster.database,
        held,
        () => allow(one, page),
        async (holder) => {
          second = allow(other, otherPage);
          await eventually(async () => (await countWaiting(roster.database)) > 1);
          await holder.query('ROLLBACK');
        },
      );
      await second;
    }

    it('the first time', async () => {
      const eva = await roster.join('eva@example.com');
      const browser = await signedIn('eva@example.com');
      await allow(browser, await asked(browser, 'openid'));
      const [row] = await roster.database.query<{ hash: string }>(
        `SELECT encode(id_hash, 'hex') AS hash FROM openid_artifacts WHERE ${CONSENT}`,
        [eva.id],
      );
      await roster.database.query('DELETE FROM openid_artifacts WHERE user_id = $1', [eva.id]);
      const insert = "INSERT INTO openid_artifacts (id_hash, kind, payload) VALUES (decode($1, 'hex'), 'Consent', '')";
      await allowBoth('eva@example.com', [insert, row!.hash]);
      expect(await scopesOf(eva)).toEqual([['email', 'openid', 'profile']]);
    });

    it('later', async () => {
      const joe = await roster.join('joe@example.com');
      const browser = await signedIn('joe@example.com');
      await allow(browser, await asked(browser, 'openid'));
      await allowBoth('joe@example.com', [`SELECT FROM openid_artifacts WHERE ${CONSENT} FOR SHARE`, joe.id]);
      expect(await scopesOf(joe)).toEqual([['email', 'openid', 'profile']]);
    });
  });
});
