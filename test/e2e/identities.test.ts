import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RateLimits, TooManyRequests } from '../../src/auth/rate-limits/rate-limits.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { tokenIn } from '../support/inbox.js';
import { PageBrowser } from '../support/page-browser.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { Visitor } from '../support/visitor.js';

const BASE = 'http://localhost:3000';

let corp: IdentityProvider;
let roster: Roster;
beforeAll(async () => {
  corp = await IdentityProvider.start([`${BASE}/auth/providers/corp/callback`]);
  roster = await startRoster({ PROVIDERS: 'corp', ...corp.settings('corp'), CORP_NAME: 'Corp & Co' });
});
afterAll(async () => {
  await roster.stop();
  await corp.stop();
});
beforeEach(() => {
  corp.hostility = {};
});

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const own = { origin: BASE };

/** The browser of somebody who is signed in, which asks to link and comes back. */
async function link(browser: PageBrowser, person: IdentityProvider['person']) {
  corp.person = person;
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const asked = await roster.api
    .post('/users/me/identities/corp/start')
    .set({ ...own, cookie })
    .expect(200);
  const [set = ''] = (asked.headers as { 'set-cookie'?: string[] })['set-cookie'] ?? [];
  const [, value = ''] = /^roster-provider=([^;]*)/.exec(set) ?? [];
  browser.cookies.set('roster-provider', value);
  const back = await corp.authorize((asked.body as { authorizationUrl: string }).authorizationUrl);
  return browser.open(back.pathname + back.search);
}

async function signIn(person: IdentityProvider['person']) {
  corp.person = person;
  const browser = new PageBrowser(roster);
  const start = await browser.open('/auth/providers/corp/start');
  const back = await corp.authorize(start.location ?? '');
  return browser.open(back.pathname + back.search);
}

const listed = async (token: string, id = 'me') =>
  (await roster.api.get(`/users/${id}/identities`).set(as(token)).expect(200)).body as {
    items: { id: string; provider: string; email: string; removable: boolean; _links: object }[];
  };

describe('a user links an identity', () => {
  it('in the browser that asked, is told by mail, and signs in with it from then on', async () => {
    const { id, token } = await roster.join('ada@example.com');
    const browser = await Visitor.signedIn(roster, 'ada@example.com');
    const back = await link(browser, { sub: 'ada', email: 'ada@corp.example', email_verified: true });
    expect([back.status, back.location]).toEqual([303, '/account/security']);
    const { items } = await listed(token);
    expect(items).toMatchObject([
      { provider: 'corp', providerName: 'Corp & Co', email: 'ada@corp.example', removable: true },
    ]);
    const mail = await roster.inbox.about('ada@example.com', /sign-in method was added/);
    expect(mail.text).toContain('Corp & Co: ada@corp.example');
    // The account keeps its own address.
    expect((await signIn({ sub: 'ada', email: 'ada@corp.example', email_verified: true })).location).toBe(
      '/sign-in/complete',
    );
    const { body } = await roster.api.get(`/users/${id}`).set(as(token)).expect(200);
    expect(body).toMatchObject({ email: 'ada@example.com', emailVerified: true });
    const history = await roster.api.get(`/users/${id}/history`).set(as(token)).expect(200);
    expect(JSON.stringify(history.body)).toContain('user.authenticator_added');
  });

  it('but not one that is linked to somebody else', async () => {
    await roster.join('bea@example.com');
    const browser = await Visitor.signedIn(roster, 'bea@example.com');
    const back = await link(browser, { sub: 'ada', email: 'ada@corp.example', email_verified: true });
    expect(back.location).toBe('/account/security?provider=corp&problem=taken');
    expect((await listed(await roster.signIn('bea@example.com', PASSWORD))).items).toEqual([]);
  });

  it('and gets one back that waits with a registration of nobody', async () => {
    const person = { sub: 'cora', email: 'cora@example.com', email_verified: false };
    expect((await signIn(person)).location).toBe('/sign-up/sent');
    await roster.inbox.waitFor('cora@example.com');
    const { token } = await roster.join('cora.else@example.com');
    const browser = await Visitor.signedIn(roster, 'cora.else@example.com');
    expect((await link(browser, person)).location).toBe('/account/security');
    expect((await listed(token)).items).toHaveLength(1);
  });

  it('not once the session has ended in which it was asked for', async () => {
    await roster.join('dora@example.com');
    const browser = await Visitor.signedIn(roster, 'dora@example.com');
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const asked = await roster.api
      .post('/users/me/identities/corp/start')
      .set({ ...own, cookie })
      .expect(200);
    const [set = ''] = (asked.headers as { 'set-cookie'?: string[] })['set-cookie'] ?? [];
    browser.cookies.set('roster-provider', /^roster-provider=([^;]*)/.exec(set)?.[1] ?? '');
    corp.person = { sub: 'dora' };
    const back = await corp.authorize((asked.body as { authorizationUrl: string }).authorizationUrl);
    await browser.post('/sign-out');
    expect((await browser.open(back.pathname + back.search)).location).toBe(
      '/account/security?provider=corp&problem=expired',
    );
  });
});

describe('a registration that waits with an identity', () => {
  const claim = { email: 'gina@example.com', email_verified: false, given_name: 'Not', family_name: 'Gina' };

  it('is not what a sign-in link to its address confirms: somebody else may have begun it', async () => {
    expect((await signIn({ sub: 'not-gina', ...claim })).location).toBe('/sign-up/sent');
    await roster.api.post('/auth/magic-link/request').send({ email: 'gina@example.com' }).expect(202);
    const mail = await roster.inbox.about('gina@example.com', /sign in/i);
    const { body } = await roster.api
      .post('/auth/magic-link')
      .send({ token: tokenIn(mail) })
      .expect(200);
    const { user, accessToken } = body as { user: object; accessToken: string };
    expect(user).toMatchObject({ email: 'gina@example.com', firstName: null, lastName: null });
    expect((await listed(accessToken)).items).toEqual([]);
  });

  it('outlives no confirmation in another browser, which sets a password of its own', async () => {
    const stranger = { sub: 'mallory-2', email: 'ines@example.com', email_verified: false };
    await signIn(stranger);
    const token = tokenIn(await roster.inbox.waitFor('ines@example.com'));
    const refused = await roster.api.post('/auth/verify-email').send({ token }).expect(409);
    expect(refused.body).toMatchObject({ code: 'new-password-required' });
    await roster.api.post('/auth/verify-email').send({ token, newPassword: PASSWORD }).expect(200);
    const { location } = await signIn(stranger);
    expect(location).not.toBe('/sign-in/complete');
    const signedIn = await roster.api
      .post('/auth/login')
      .send({ identifier: 'ines@example.com', password: PASSWORD })
      .expect(200);
    expect((await listed((signedIn.body as { accessToken: string }).accessToken)).items).toEqual([]);
  });

  it('counts among the registrations of its network', async () => {
    const consume = jest.spyOn(roster.app.get(RateLimits, { strict: false }), 'consumeForClient');
    try {
      consume.mockImplementation((rule) =>
        rule === 'registration' ? Promise.reject(new TooManyRequests(60)) : Promise.resolve(),
      );
      const { location } = await signIn({ sub: 'hana', email: 'hana@example.com', email_verified: false });
      expect(location).toBe('/sign-in?provider=corp&problem=busy');
    } finally {
      consume.mockRestore();
    }
    const rows = await roster.database.query('SELECT FROM users WHERE email_key = $1', ['hana@example.com']);
    expect(rows).toHaveLength(0);
  });
});

describe('a user unlinks an identity', () => {
  it('which signs in no more; a mail says so', async () => {
    const { token } = await roster.join('eve@example.com');
    await link(await Visitor.signedIn(roster, 'eve@example.com'), { sub: 'eve', email: 'eve@corp.example' });
    const [identity] = (await listed(token)).items;
    await roster.api.delete(`/users/me/identities/${identity?.id}`).set(as(token)).expect(204);
    await roster.api.delete(`/users/me/identities/${identity?.id}`).set(as(token)).expect(404);
    await roster.inbox.about('eve@example.com', /sign-in method .* was removed/i);
    expect((await listed(token)).items).toEqual([]);
    expect((await signIn({ sub: 'eve', email: 'eve@corp.example', email_verified: true })).location).not.toBe(
      '/sign-in/complete',
    );
  });

  it('but never the last way in', async () => {
    const admin = await roster.signIn();
    const { body } = await roster.api
      .post('/users')
      .set(as(admin))
      .send({ username: 'nomail', password: PASSWORD })
      .expect(201);
    const { id } = body as { id: string };
    await link(await Visitor.signedIn(roster, 'nomail'), { sub: 'nomail' });
    await roster.api.delete(`/users/${id}/methods/password`).set(as(admin)).expect(204);
    const [identity] = (await listed(admin, id)).items;
    expect(identity).toMatchObject({ removable: false, _links: {} });
    const refused = await roster.api.delete(`/users/${id}/identities/${identity?.id}`).set(as(admin)).expect(409);
    expect(refused.body).toMatchObject({ code: 'sign-in-method-stays' });
    await roster.api.delete(`/users/${id}/methods/corp`).set(as(admin)).expect(409);
    expect((await signIn({ sub: 'nomail' })).location).toBe('/sign-in/complete');
  });
});

describe('what is kept of an identity', () => {
  it('is in the export of its user, and goes with the erasure', async () => {
    const { id, token } = await roster.join('fay@example.com');
    await link(await Visitor.signedIn(roster, 'fay@example.com'), { sub: 'fay-7', email: 'fay@corp.example' });
    const { body } = await roster.api.get('/users/me/export').set(as(token)).expect(200);
    expect((body as { data: { identities: unknown[] } }).data.identities).toMatchObject([
      { provider: 'corp', issuer: corp.issuer, subject: 'fay-7', email: 'fay@corp.example' },
    ]);
    const admin = await roster.signIn(ADMIN.email, ADMIN.password);
    await roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204);
    const rows = await roster.database.query('SELECT FROM identities WHERE user_id = $1', [id]);
    expect(rows).toHaveLength(0);
  });

  it('is sealed: a copy of the table has no address', async () => {
    const rows = await roster.database.query('SELECT * FROM identities', []);
    expect(JSON.stringify(rows)).not.toContain('corp.example');
  });
});

describe('GET /auth/methods', () => {
  it('has what a client needs to draw the button of a provider', async () => {
    const { body } = await roster.api.get('/auth/methods').expect(200);
    expect((body as { items: unknown[] }).items.at(-1)).toEqual({
      id: 'corp',
      label: 'Corp & Co',
      provider: { name: 'Corp & Co', preset: null },
      signIn: { method: 'GET', href: '/auth/providers/corp/start' },
      register: { method: 'GET', href: '/auth/providers/corp/start' },
    });
  });
});
