import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Application, signInOnPage, type Tokens } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster } from '../support/roster.js';
import { as, TwoRosters } from '../support/two-rosters.js';

let two: TwoRosters;
let roster: Roster;
let admin: string;
let grafana: Application;
let there: Application;
beforeAll(async () => {
  two = await TwoRosters.start();
  roster = two.one;
  admin = await roster.signIn();
  grafana = await Application.register(roster, admin, { firstParty: true, resources: ['https://api.example.com/'] });
  there = await Application.at(two.other, grafana.clientId, grafana.clientSecret);
});
afterAll(() => two.stop());

interface SignedIn {
  readonly id: string;
  readonly browser: PageBrowser;
  readonly tokens: Tokens;
}

/** Somebody who has signed in to the application. */
async function signedIn(name: string): Promise<SignedIn> {
  const { id } = await roster.join(`${name}@example.com`);
  const browser = new PageBrowser(roster);
  await signInOnPage(browser, `${name}@example.com`, PASSWORD);
  return { id, browser, tokens: await grafana.tokens(browser) };
}

const introspect = async (token: string, at: Application) =>
  (await at.post('/auth/introspect', { token }).expect(200)).body as { active: boolean };

/** What the application's tokens are good for, here and on the other server. */
async function worth({ access_token, refresh_token = '' }: Tokens) {
  const answers = [];
  for (const at of [grafana, there]) {
    answers.push((await at.userinfo(access_token)).status === 200);
    answers.push((await introspect(access_token, at)).active, (await introspect(refresh_token, at)).active);
  }
  // Last, as it takes the refresh token.
  const refreshed = await there.post('/oauth2/token', { grant_type: 'refresh_token', refresh_token });
  return [...answers, refreshed.status === 200];
}
const ALL = Array<boolean>(7).fill(true);
const NONE = Array<boolean>(7).fill(false);

/** Until the other server has to know. */
const everywhere = () => sleep(100);

const act = (id: string, what: string, body: object = {}) =>
  roster.api.post(`/users/${id}/${what}`).set(as(admin)).send(body);

describe('what an application was given', () => {
  it('is good on every server while the session goes on', async () => {
    const { tokens } = await signedIn('goes-on');
    expect(await worth(tokens)).toEqual(ALL);
  });

  it.each<[string, (somebody: SignedIn) => Promise<unknown>]>([
    ['the session ends', ({ browser }) => browser.post('/sign-out')],
    ['every session is ended', ({ id }) => roster.api.delete(`/users/${id}/sessions`).set(as(admin)).expect(204)],
    ['the user is suspended', ({ id }) => act(id, 'suspend', { reason: 'a test' }).expect(200)],
    ['the user is deleted', ({ id }) => roster.api.delete(`/users/${id}`).set(as(admin)).expect(204)],
    ['the user is erased', ({ id }) => act(id, 'erase').expect(204)],
    [
      'the role changes',
      ({ id }) => roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200),
    ],
  ])('is worth nothing from the next request on, on every server, when %s', async (why, happens) => {
    const somebody = await signedIn(why.replaceAll(' ', '-'));
    // Both servers have seen them.
    await grafana.userinfo(somebody.tokens.access_token).expect(200);
    await there.userinfo(somebody.tokens.access_token).expect(200);
    await happens(somebody);
    await everywhere();
    expect(await worth(somebody.tokens)).toEqual(NONE);
  });

  it('is worth nothing after a code was not used in time and the session ended', async () => {
    const { id } = await roster.join('code@example.com');
    const browser = new PageBrowser(roster);
    await signInOnPage(browser, 'code@example.com', PASSWORD);
    const round = await grafana.comeBack(browser);
    await roster.api.delete(`/users/${id}/sessions`).set(as(admin)).expect(204);
    await everywhere();
    await expect(there.exchange(round)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('is not asked for again after a new role: the browser stays signed in, and the next tokens have it', async () => {
    const { id, browser } = await signedIn('promoted');
    await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    const { access_token } = await grafana.tokens(browser);
    expect((await grafana.userinfo(access_token).expect(200)).body).toMatchObject({ role: 'MANAGER' });
  });

  it('is no way into the API of Roster, in either form', async () => {
    const { browser } = await signedIn('api');
    const { access_token } = await grafana.tokens(browser);
    const resource = 'https://api.example.com/';
    const round = await grafana.comeBack(browser, { resource });
    const code = round.back.searchParams.get('code') ?? '';
    const { body } = await grafana.post('/oauth2/token', {
      ...{ grant_type: 'authorization_code', code, resource },
      ...{ redirect_uri: 'https://app.example.com/callback', code_verifier: round.checks.pkceCodeVerifier },
    });
    const jwt = (body as { access_token: string }).access_token;
    expect(jwt.split('.')).toHaveLength(3);
    expect(await introspect(jwt, there)).toMatchObject({ active: true, aud: resource, role: 'AUTHENTICATED' });
    for (const token of [access_token, jwt]) await roster.api.get('/users/me').set(as(token)).expect(401);
    await browser.post('/sign-out');
    await everywhere();
    expect(await introspect(jwt, there)).toEqual({ active: false });
  });
});
