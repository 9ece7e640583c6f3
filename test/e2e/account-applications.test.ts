import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Transactions } from '../../src/database/transaction.js';
import { Connections } from '../../src/openid/provider/connections.js';
import { Grants } from '../../src/openid/provider/grants.js';
import { Application, backFrom, signInOnPage } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const BILLING = 'https://billing.example.com';
const PAGE = '/account/applications';

let roster: Roster;
let shop: Application;
let grafana: Application;
beforeAll(async () => {
  roster = await startRoster();
  const admin = await roster.signIn();
  shop = await Application.register(roster, admin, { name: 'Shop <b>', resources: [BILLING] });
  grafana = await Application.register(roster, admin, { firstParty: true });
});
afterAll(() => roster.stop());

async function person(name: string): Promise<{ id: string; browser: PageBrowser }> {
  const { id } = await roster.join(`${name}@example.com`);
  const browser = new PageBrowser(roster);
  await signInOnPage(browser, `${name}@example.com`, PASSWORD);
  return { id, browser };
}
const browserOf = async (name: string) => (await person(name)).browser;

async function connect(browser: PageBrowser): Promise<{ access_token: string; refresh_token?: string }> {
  const { path } = await shop.begin({ scope: 'openid email', resource: BILLING });
  const page = await browser.follow(await browser.open(path));
  backFrom(await browser.submit(page, {}, 'Allow'));
  return shop.tokens(browser, { scope: 'openid email' });
}

describe('the page of applications', () => {
  it('names those that somebody has let in, with what they know and may reach', async () => {
    const browser = await browserOf('ada');
    expect((await browser.open(PAGE)).text).toContain('You have not signed in to any application yet.');
    await connect(browser);
    await grafana.tokens(browser);
    const { text } = await browser.open(PAGE);
    expect(text).toContain('<bdi>Shop &lt;b&gt;</bdi>');
    expect(text).toContain('It knows: an id of yours, your email address.');
    expect(text).toContain(`access to <bdi>${BILLING}</bdi>`);
    expect(text).toContain('Grafana');
    browser.headers = { 'accept-language': 'de' };
    expect((await browser.open(PAGE)).text).toContain('eine Kennung von Ihnen, Ihre E-Mail-Adresse.');
  });

  it('disconnects one at once, by a form of its own alone, and it asks again', async () => {
    const browser = await browserOf('eve');
    const { access_token, refresh_token = '' } = await connect(browser);
    const other = await grafana.tokens(browser);
    const path = `${PAGE}/${shop.clientId}/disconnect`;
    expect((await browser.post(path, {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    await shop.userinfo(access_token).expect(200);
    const page = await browser.open(PAGE);
    const action = [...page.text.matchAll(/action="([^"]+disconnect)"/g)].map(([, one]) => one);
    expect(action).toContain(path);
    const done = await browser.follow(await browser.post(path));
    expect(done.text).toContain('The application is disconnected.');
    expect(done.text).not.toContain('Shop');
    await shop.userinfo(access_token).expect(401);
    await expect(shop.refresh(refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' });
    await grafana.userinfo(other.access_token).expect(200);
    // Sent twice.
    expect((await browser.follow(await browser.post(path))).status).toBe(200);
    for (const id of ['x%00y', 'x', '%F0%9F%92%A5']) {
      expect((await browser.follow(await browser.post(`${PAGE}/${id}/disconnect`))).status).toBe(200);
    }
    const again = await browser.follow(await browser.open((await shop.begin({ scope: 'openid email' })).path));
    expect(again.text).toContain('Allow');
    const activity = await browser.open('/account/activity');
    expect(activity.text).toContain('An application was disconnected');
  });

  it('leaves nothing to an application that asks while it is disconnected', async () => {
    const { id: userId, browser } = await person('amy');
    await connect(browser);
    await roster.database.query("DELETE FROM openid_artifacts WHERE user_id = $1 AND kind = 'Grant'", [userId]);
    const grants = roster.app.get(Grants, { strict: false });
    const read = grants.consentOf.bind(grants);
    const spied = jest.spyOn(grants, 'consentOf').mockImplementationOnce(async (...of) => {
      const allowed = await read(...of);
      await browser.post(`${PAGE}/${shop.clientId}/disconnect`);
      return allowed;
    });
    const { path } = await shop.begin({ scope: 'openid email', resource: BILLING });
    expect((await browser.follow(await browser.open(path))).text).toContain('Allow');
    expect(spied).toHaveBeenCalled();
    const left = await roster.database.query(
      "SELECT kind FROM openid_artifacts WHERE user_id = $1 AND kind IN ('Grant', 'Consent')",
      [userId],
    );
    expect(left).toEqual([]);
  });

  it('is not overtaken by a grant that is kept while it is under way', async () => {
    const { id: userId, browser } = await person('ned');
    await connect(browser);
    await roster.database.query("DELETE FROM openid_artifacts WHERE user_id = $1 AND kind = 'Grant'", [userId]);
    const grants = roster.app.get(Grants, { strict: false });
    const waits = Promise.withResolvers<undefined>();
    const artifacts = grants['artifacts'];
    const wait = artifacts.waitForChange.bind(artifacts);
    jest.spyOn(artifacts, 'waitForChange').mockImplementationOnce((...of) => (waits.resolve(undefined), wait(...of)));
    let asked: Promise<{ text: string }> | undefined;
    await roster.app.get(Transactions, { strict: false }).run(async (tx) => {
      await roster.app.get(Connections, { strict: false }).end(tx, userId, shop.clientId);
      const { path } = await shop.begin({ scope: 'openid email', resource: BILLING });
      asked = browser.open(path).then((page) => browser.follow(page));
      await waits.promise;
    });
    expect((await asked)?.text).toContain('Allow');
  });

  it('shows and disconnects nothing of anybody else', async () => {
    const browser = await browserOf('joe');
    const { access_token } = await connect(browser);
    const stranger = await browserOf('mallory');
    await stranger.post(`${PAGE}/${shop.clientId}/disconnect`);
    await shop.userinfo(access_token).expect(200);
    expect((await stranger.open(PAGE)).text).not.toContain('Shop');
  });
});
