import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Clock, type SystemClock } from '../../src/config/clock.js';
import { eventually } from '../support/eventually.js';
import { beforeCommit, countWaiting } from '../support/meanwhile.js';
import { Application, backFrom, signInOnPage } from '../support/openid.js';
import { type PageAnswer, PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

let roster: Roster;
let shop: Application;
beforeAll(async () => {
  roster = await startRoster();
  shop = await Application.register(roster, await roster.signIn(), { name: 'Shop' });
});
afterEach(() => void jest.restoreAllMocks());
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

describe('An application that wants somebody to sign in anew', () => {
  const MINUTES_MS = 60_000;

  /** As on a machine whose clock is wrong, which `DatabaseTime` has found. */
  function setAhead(aheadMs: number): void {
    const now = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
    const clock = roster.app.get<Clock, SystemClock>(Clock, { strict: false });
    jest.replaceProperty(clock, 'aheadMs', aheadMs);
  }

  it.each([10, -10])('is satisfied by a proof since then, and by none before (%d minutes ahead)', async (minutes) => {
    const email = `clock${minutes}@example.com`;
    const { id } = await roster.join(email);
    setAhead(minutes * MINUTES_MS);
    const browser = await signedIn(email);
    await allow(browser, await asked(browser, 'openid'));
    const earlier = "UPDATE sessions SET authenticated_at = now() - interval '5 minutes' WHERE user_id = $1";
    await roster.database.query(earlier, [id]);
    const { path } = await shop.begin({ scope: 'openid', prompt: 'login' });
    let page = await browser.open('/account');
    // What the server remembers of the session is a moment older.
    await eventually(async () => {
      page = await browser.follow(await browser.open(path));
      return page.path.startsWith('/account/confirm?again=yes');
    });
    backFrom(await browser.submit(page, { password: PASSWORD }));
  });
});
