import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RosterUser, Verifier } from '../../packages/verify/src/index.js';
import { eventually } from '../support/eventually.js';
import { tokenIn } from '../support/inbox.js';
import { Application, CALLBACK, ISSUER, signInOnPage } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

const BILLING = 'https://billing.example.com';
const NEXT_PASSWORD = 'seven idle boats on slate water';

let roster: Roster;
let admin: string;
let application: Application;
let billing: Verifier;
let account: { id: string; key: string };
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  application = await Application.register(roster, admin, { firstParty: true, resources: [BILLING] });
  const { id } = await made('/service-accounts', { name: 'Shop', role: 'AUTHENTICATED' });
  account = { ...(await made(`/service-accounts/${id}/keys`, { name: 'shop' })), id };
  billing = new Verifier({ roster: ISSUER, internalUrl: roster.url, key: account.key, audience: BILLING });
});
afterAll(async () => {
  billing.close();
  await roster.stop();
});

const made = async (path: string, body: object) =>
  (await roster.api.post(path).set(as(admin)).send(body).expect(201)).body as { id: string; key: string };
const setRole = (id: string, role: string) =>
  roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role }).expect(200);

/** A JWT for the service, that the application gets for the person of the browser. */
async function jwtFor(browser: PageBrowser): Promise<string> {
  const { back, checks } = await application.comeBack(browser, { resource: BILLING });
  const form = {
    ...{ grant_type: 'authorization_code', resource: BILLING, redirect_uri: CALLBACK },
    ...{ code: back.searchParams.get('code') ?? '', code_verifier: checks.pkceCodeVerifier },
  };
  const { body } = await application.post('/oauth2/token', form).expect(200);
  return (body as { access_token: string }).access_token;
}

async function signedIn(name: string): Promise<{ id: string; email: string; browser: PageBrowser }> {
  const email = `${name}@example.com`;
  const { id } = await roster.join(email);
  const browser = new PageBrowser(roster);
  await signInOnPage(browser, email, PASSWORD);
  return { id, email, browser };
}

const refusal = (token: string): Promise<string | undefined> =>
  billing.verify(token).then(
    () => undefined,
    (error: unknown) => (error as { reason?: string }).reason ?? 'unavailable',
  );
const epochOf = ({ claims }: RosterUser) => claims['epoch'];

describe('a service that verifies the JWTs that applications get for it', () => {
  it('knows user, role and epoch, and refuses those of before a change of the role, and none of after it', async () => {
    const { id, browser } = await signedIn('promoted');
    const before = await jwtFor(browser);
    const known = await billing.verify(before);
    expect(known).toMatchObject({ id, role: 'AUTHENTICATED', claims: { aud: BILLING } });
    expect(epochOf(known)).toEqual(expect.any(Number));
    await setRole(id, 'MANAGER');
    await eventually(async () => (await refusal(before)) === 'revoked');
    // By its epoch, not its time: this is the same second.
    const next = await billing.verify(await jwtFor(browser));
    expect(next.role).toBe('MANAGER');
    expect(Number(epochOf(next))).toBeGreaterThan(Number(epochOf(known)));
    expect(await refusal(before)).toBe('revoked');
  });

  it.each<[string, (somebody: { id: string; email: string; browser: PageBrowser }) => Promise<unknown>]>([
    ['a suspension', ({ id }) => roster.api.post(`/users/${id}/suspend`).set(as(admin)).expect(200)],
    ['signing out', ({ browser }) => browser.post('/sign-out')],
    [
      'a new password',
      async ({ id, email }) => {
        const body = { currentPassword: PASSWORD, newPassword: NEXT_PASSWORD };
        const token = await roster.signIn(email, PASSWORD);
        await roster.api.put(`/users/${id}/password`).set(as(token)).send(body).expect(204);
      },
    ],
    [
      'a reset password',
      async ({ email }) => {
        await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
        const token = tokenIn(await roster.inbox.waitFor(email, 3));
        await roster.api.post('/auth/reset-password').send({ token, newPassword: NEXT_PASSWORD }).expect(204);
      },
    ],
    ['an erasure', ({ id }) => roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204)],
  ])('refuses one after %s', async (what, happens) => {
    const somebody = await signedIn(what.replaceAll(' ', '-'));
    const token = await jwtFor(somebody.browser);
    await billing.verify(token);
    await happens(somebody);
    await eventually(async () => (await refusal(token)) === 'revoked');
  });

  it('knows those of service accounts, until the role changes or the key is retired', async () => {
    const { id } = await made('/service-accounts', { name: 'Robot', role: 'AUTHENTICATED' });
    const { id: keyId, key } = await made(`/service-accounts/${id}/keys`, { name: 'robot' });
    const token = async () => {
      const form = { grant_type: 'client_credentials', resource: BILLING, scope: 'roles' };
      const { body } = await roster.api.post('/oauth2/token').auth(id, key).type('form').send(form).expect(200);
      return (body as { access_token: string }).access_token;
    };
    const before = await token();
    expect(await billing.verify(before)).toMatchObject({ id, role: 'AUTHENTICATED' });
    await setRole(id, 'MANAGER');
    await eventually(async () => (await refusal(before)) === 'revoked');
    const next = await token();
    expect((await billing.verify(next)).role).toBe('MANAGER');
    await roster.api.delete(`/service-accounts/${id}/keys/${keyId}`).set(as(admin)).expect(204);
    await eventually(async () => (await refusal(next)) === 'revoked');
  });
});
