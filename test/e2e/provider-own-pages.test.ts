import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { IdentityProvider } from '../support/identity-provider.js';
import { PageBrowser } from '../support/page-browser.js';
import { ProviderRound, sessionOf } from '../support/provider-round.js';
import { type Roster, startRoster } from '../support/roster.js';
import { addTotp, freshCode } from '../support/totp.js';

const APP = 'https://app.example.com';
const QUERY = `?continue=${APP}/in%3Ftab=1`;
let corp: IdentityProvider;
let roster: Roster;
let round: ProviderRound;
beforeAll(async () => {
  corp = await IdentityProvider.start(['http://localhost:3000/auth/providers/corp/callback']);
  roster = await startRoster({
    HOSTED_PAGES: 'false',
    LINK_URLS: `sign-in=${APP}/sign-in`,
    SIGN_IN_REDIRECTS: APP,
    PROVIDERS: 'corp',
    ...corp.settings('corp'),
    TRUSTED_EMAIL_PROVIDERS: 'corp',
  });
  round = new ProviderRound(roster, 'corp', corp);
});
afterAll(async () => {
  await roster.stop();
  await corp.stop();
});
beforeEach(() => {
  corp.hostility = {};
});

const proved = (name: string) => ({ sub: name, email: `${name}@example.com`, email_verified: true });

/** Where the browser ends: the page, and what stands in its fragment, which is sent to no server. */
async function endOf(person: { sub: string }, query = QUERY, browser = new PageBrowser(roster)) {
  const { status, location = '' } = await round.signIn(person, browser, query);
  const [page, fragment] = location.split('#');
  return { status, page, given: Object.fromEntries(new URLSearchParams(fragment ?? '')), browser };
}

it('leads a browser that is signed in to the page of the application, with nothing beside', async () => {
  const { status, page, given, browser } = await endOf(proved('ada'));
  expect([status, page, given]).toEqual([303, `${APP}/in?tab=1`, {}]);
  expect((await sessionOf(roster, browser)).user).toMatchObject({ email: 'ada@example.com' });
});

it('tells the page of every problem, in its fragment', async () => {
  expect(await endOf({ sub: 'nobody' })).toMatchObject({
    page: `${APP}/in?tab=1`,
    given: { provider: 'corp', error: 'no-address' },
  });
  corp.hostility = { endpoint: { path: /^\/token$/, does: 'fail' } };
  expect((await endOf(proved('ada'))).given).toEqual({ provider: 'corp', error: 'unavailable' });
  corp.hostility = { signature: 'none' };
  expect((await endOf(proved('ada'))).given).toEqual({ provider: 'corp', error: 'failed' });
  corp.hostility = {};
  expect((await endOf({ ...proved('bea'), email_verified: false } as never)).given).toEqual({
    provider: 'corp',
    error: 'confirm-address',
  });
});

it('tells the page in LINK_URLS where the browser named none, and where it is not known what it left for', async () => {
  expect(await endOf({ sub: 'nobody' }, '')).toMatchObject({
    page: `${APP}/sign-in`,
    given: { provider: 'corp', error: 'no-address' },
  });
  const back = await round.leave(new PageBrowser(roster), QUERY);
  const { location } = await new PageBrowser(roster).open(back);
  expect(location).toBe(`${APP}/sign-in#provider=corp&error=expired`);
});

it('gives the page the token of the second step, with which the API goes on', async () => {
  const { token, id } = await roster.join('factor@example.com');
  const { secret } = await addTotp(roster, token);
  const { page, given, browser } = await endOf(proved('factor'));
  expect(page).toBe(`${APP}/in?tab=1`);
  expect(given).toEqual({ provider: 'corp', error: 'second-factor-required', token: expect.any(String) });
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const { body } = await roster.api
    .post('/auth/second-factor')
    .set({ cookie, origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' })
    .send({ token: given['token'], method: 'totp', code: await freshCode(roster, secret, id) })
    .expect(200);
  expect(body).toMatchObject({ user: { email: 'factor@example.com' } });
});

it('leads back to the page that wanted to link, and says what went wrong', async () => {
  const { token } = await roster.join('links@example.com');
  const link = async (sub: string) => {
    const left = await roster.api
      .post('/users/me/identities/corp/start')
      .set({ authorization: `Bearer ${token}` })
      .send({ continue: `${APP}/linked` })
      .expect(200);
    const browser = new PageBrowser(roster);
    const [, cookie = ''] = /roster-provider=([^;]+)/.exec(String(left.headers['set-cookie'])) ?? [];
    browser.cookies.set('roster-provider', cookie);
    corp.person = { sub };
    const back = await corp.authorize((left.body as { authorizationUrl: string }).authorizationUrl);
    return (await browser.open(back.pathname + back.search)).location;
  };
  expect(await link('links')).toBe(`${APP}/linked`);
  expect(await link('ada')).toBe(`${APP}/linked#provider=corp&error=taken`);
});

it('still asks a browser that another site has led here', async () => {
  const headers = { 'sec-fetch-site': 'cross-site' };
  const { status, text } = await new PageBrowser(roster).open('/auth/providers/corp/start', headers);
  expect(status).toBe(200);
  expect(text).toContain(`href="${APP}/sign-in"`);
});
