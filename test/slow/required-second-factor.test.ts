import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { declaredRoutes } from '../../src/access/declared-roles.js';
import { Accounts } from '../../src/auth/accounts.js';
import { Authenticator, type CreationOptions } from '../support/authenticator.js';
import { tokenIn } from '../support/inbox.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { codeOf, freshCode, ticketOf } from '../support/totp.js';
import { as } from '../support/two-rosters.js';

const NOBODY = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };

interface Signed {
  readonly accessToken: string;
  readonly recoveryCodes: string[];
  readonly user: { readonly id: string };
}

let roster: Roster;
let admin: Signed & { readonly secret: string };
beforeAll(async () => {
  roster = await startRoster({ REQUIRE_SECOND_FACTOR: 'MANAGER' });
  // The first admin of all has no factor, either.
  admin = await setUp(setupToken(await login(ADMIN.email, ADMIN.password)));
});
afterAll(() => roster.stop());

const login = (identifier: string, password = PASSWORD, choice: object = {}, headers: Record<string, string> = {}) =>
  roster.api
    .post('/auth/login')
    .set(headers)
    .send({ identifier, password, ...choice });

interface Answer {
  readonly status: number;
  readonly body: { readonly code?: string; readonly continueWith?: { readonly token: string } };
}

/** The token with which an answered first step goes on. */
function setupToken({ status, body }: Answer): string {
  expect({ status, code: body.code }).toEqual({ status: 403, code: 'second-factor-setup-required' });
  return body.continueWith?.token ?? '';
}

async function setUp(token: string, choice: object = {}, headers: Record<string, string> = {}) {
  const begun = await roster.api
    .post('/users/me/totp')
    .set({ ...as(token), ...headers })
    .expect(200);
  const { secret } = begun.body as { secret: string };
  const confirmed = await roster.api
    .post('/users/me/totp/confirm')
    .set({ ...as(token), ...headers })
    .send({ code: await codeOf(secret), ...choice })
    .expect(200);
  return { secret, response: confirmed, ...(confirmed.body as Signed) };
}

const promote = (id: string, role: string) =>
  roster.api.put(`/users/${id}/role`).set(as(admin.accessToken)).send({ role });

/** Somebody whose role takes a second factor, and who has none. */
async function manager(name: string): Promise<{ id: string; email: string; token: string }> {
  const email = `${name}@example.com`;
  const { id, token } = await roster.join(email);
  await promote(id, 'MANAGER').expect(200);
  return { id, email, token };
}

describe('where a role takes a second factor', () => {
  it('a user without one sets it up at the next sign-in, which that ends', async () => {
    expect(admin.recoveryCodes).toHaveLength(10);
    const session = await roster.api.get('/auth/session').set(as(admin.accessToken)).expect(200);
    expect(session.body).toMatchObject({ acr: 'aal2', amr: expect.arrayContaining(['pwd', 'otp', 'mfa']) });
    await roster.api.get('/users').set(as(admin.accessToken)).expect(200);
    // From now on it is asked for.
    const again = await login(ADMIN.email, ADMIN.password);
    const code = await freshCode(roster, admin.secret, admin.user.id);
    await roster.api
      .post('/auth/second-factor')
      .send({ token: ticketOf(again), method: 'totp', code })
      .expect(200);
  });

  it('a passkey does as well', async () => {
    const { email } = await manager('passkey');
    const token = setupToken(await login(email));
    const options = await roster.api.post('/users/me/passkeys/options').set(as(token)).expect(200);
    const credential = new Authenticator().create(options.body as CreationOptions);
    const { body } = await roster.api.post('/users/me/passkeys').set(as(token)).send({ credential }).expect(201);
    const { accessToken, recoveryCodes } = body as Signed;
    expect(recoveryCodes).toHaveLength(10);
    await roster.api.get('/users').set(as(accessToken)).expect(200);
  });

  it('of several set-ups at once, one adds a factor', async () => {
    const { email, id } = await manager('at-once');
    const credentials = [];
    for (let index = 0; index < 6; index++) {
      const token = setupToken(await login(email));
      const options = await roster.api.post('/users/me/passkeys/options').set(as(token)).expect(200);
      credentials.push({ token, credential: new Authenticator().create(options.body as CreationOptions) });
    }
    const answers = await Promise.all(
      credentials.map(({ token, credential }) =>
        roster.api.post('/users/me/passkeys').set(as(token)).send({ credential }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401, 401, 401]);
    const factors = await roster.api.get(`/users/${id}/factors`).set(as(admin.accessToken)).expect(200);
    expect((factors.body as { items: { kind: string }[] }).items.filter(({ kind }) => kind === 'passkey')).toHaveLength(
      1,
    );
  });

  it('users of lower roles choose', async () => {
    await roster.join('chooses@example.com');
    await login('chooses@example.com').expect(200);
  });

  it('the token of a set-up opens the routes that set a factor up, and no other', async () => {
    const { email, id } = await manager('every-route');
    const token = setupToken(await login(email));
    const routes = declaredRoutes(roster.app.get(DiscoveryService, { strict: false }), new MetadataScanner()).filter(
      // Metrics are free outside production.
      ({ role, path }) => role !== 'ANONYMOUS' && path !== '/metrics',
    );
    const opened: string[] = [];
    for (const { method, path } of routes) {
      const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
      for (const self of ['me', id]) {
        const url = path.replace(':id', self).replaceAll(/:\w+/g, NOBODY);
        const { status, headers } = await roster.api[verb](url)
          .set({ ...as(token), 'if-match': '"0"' })
          .send(method === 'GET' ? undefined : {});
        const isRefused = [401, 405].includes(status) || String(headers['location']).startsWith('/sign-in');
        if (!isRefused) opened.push(`${method} ${path}`);
      }
    }
    expect([...new Set(opened)].sort()).toEqual([
      'POST /users/:id/passkeys',
      'POST /users/:id/passkeys/options',
      'POST /users/:id/totp',
      'POST /users/:id/totp/confirm',
    ]);
    for (const other of [NOBODY, admin.user.id]) {
      await roster.api.post(`/users/${other}/totp`).set(as(token)).expect(403);
    }
    await roster.api.post('/auth/second-factor').send({ token, method: 'totp', code: '000000' }).expect(410);
    await roster.api.post('/auth/refresh').send({ refreshToken: token }).expect(401);
  });

  it('no way in goes around it: password, mailed link, embedding application', async () => {
    const { email } = await manager('all-ways');
    setupToken(await login(email));
    const had = roster.inbox.to(email).length;
    await roster.api.post('/auth/magic-link/request').send({ email }).expect(202);
    const token = tokenIn(await roster.inbox.linkAfter(email, had));
    setupToken(await roster.api.post('/auth/magic-link').send({ token }));
    const verified = roster.app.get(Accounts, { strict: false }).verifyPassword(email, PASSWORD);
    await expect(verified).rejects.toMatchObject({ code: 'second-factor-setup-required' });
  });

  it('a new role ends the sessions that one factor began, and no others', async () => {
    const { id, token } = await manager('promoted');
    await roster.api.get('/users/me').set(as(token)).expect(401);
    const [ended] = await roster.database.query('SELECT end_reason FROM sessions WHERE user_id = $1', [id]);
    expect(ended).toEqual({ end_reason: 'second-factor-required' });
    const { accessToken } = await setUp(setupToken(await login('promoted@example.com')));
    await promote(id, 'ADMIN').expect(200);
    await roster.api.get('/audit').set(as(accessToken)).expect(200);
  });

  it('the last factor stays, and an admin may remove it for somebody who lost it', async () => {
    const { email, id } = await manager('keeps-it');
    const { accessToken } = await setUp(setupToken(await login(email)));
    const { body } = await roster.api.delete('/users/me/totp').set(as(accessToken)).expect(409);
    expect(body).toMatchObject({ code: 'second-factor-stays' });
    await roster.api.get('/users/me').set(as(accessToken)).expect(200);
    await roster.api.delete(`/users/${id}/factors`).set(as(admin.accessToken)).expect(204);
    setupToken(await login(email));
  });

  it('a token works once, of any number of uses at once, and not for somebody with a factor', async () => {
    const { email, id } = await manager('once');
    const token = setupToken(await login(email));
    const stale = setupToken(await login(email));
    const { body } = await roster.api.post('/users/me/totp').set(as(token)).expect(200);
    const code = await codeOf((body as { secret: string }).secret);
    const confirm = () => roster.api.post('/users/me/totp/confirm').set(as(token)).send({ code });
    const answers = await Promise.all(Array.from({ length: 16 }, confirm));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const sessions = 'SELECT 1 FROM sessions WHERE user_id = $1 AND ended_at IS NULL';
    expect(await roster.database.query(sessions, [id])).toHaveLength(1);
    for (const one of [token, stale]) await roster.api.post('/users/me/totp').set(as(one)).expect(401);
  });

  it('a set-up ends with a suspension', async () => {
    const { email, id } = await manager('suspended');
    const token = setupToken(await login(email));
    await roster.api.post('/users/me/totp').set(as(token)).expect(200);
    await roster.api.post(`/users/${id}/suspend`).set(as(admin.accessToken)).send({}).expect(200);
    await roster.api.post('/users/me/totp').set(as(token)).expect(401);
  });

  it('a browser that asked for a cookie has to be the one that goes on, and gets its session', async () => {
    const { email } = await manager('browser');
    const first = await login(email, PASSWORD, { session: 'cookie' }, SAME_ORIGIN);
    const token = setupToken(first);
    const cookies = [(first.headers as { 'set-cookie'?: string | string[] })['set-cookie'] ?? []].flat();
    const binding = cookies.find((one) => one.startsWith('roster-second-factor='))?.split(';')[0] ?? '';
    await roster.api.post('/users/me/totp').set(as(token)).expect(401);
    const choice = { session: 'cookie' };
    const { response } = await setUp(token, choice, { ...SAME_ORIGIN, cookie: binding });
    expect(response.body).not.toHaveProperty('accessToken');
    const set = [(response.headers as { 'set-cookie'?: string | string[] })['set-cookie'] ?? []].flat();
    const cookie = set.find((one) => one.startsWith('roster-session='))?.split(';')[0] ?? '';
    await roster.api.get('/users').set({ cookie }).expect(200);
  });

  it('the pages lead through it as well', async () => {
    const { email } = await manager('by-page');
    let jar: Record<string, string> = {};
    const keep = (response: { readonly headers: object }) => {
      for (const one of [(response.headers as { 'set-cookie'?: string | string[] })['set-cookie'] ?? []].flat()) {
        const [name = '', value = ''] = (one.split(';', 1)[0] ?? '').split('=');
        jar = { ...jar, [name]: value };
      }
    };
    const cookie = () =>
      Object.entries(jar)
        .map((pair) => pair.join('='))
        .join('; ');
    const post = async (path: string, form: object) => {
      const headers = { ...SAME_ORIGIN, cookie: cookie(), accept: 'text/html' };
      const response = await roster.api.post(path).set(headers).type('form').send(form);
      keep(response);
      return response;
    };
    const first = await post('/sign-in', { identifier: email, password: PASSWORD });
    expect(first.headers['location']).toBe('/sign-in/set-up');
    expect((await post('/sign-in/set-up', {})).headers['location']).toBe('/sign-in/set-up');
    const page = await roster.api.get('/sign-in/set-up').set({ cookie: cookie(), accept: 'text/html' }).expect(200);
    const [, secret = ''] = /<code class="whole">([A-Z2-7]+)</.exec(page.text) ?? [];
    const wrong = await post('/sign-in/set-up/confirm', { code: '000000' });
    expect(wrong.text).toContain('aria-invalid="true"');
    const done = await post('/sign-in/set-up/confirm', { code: await codeOf(secret) });
    expect(done.text.match(/<li><code>/g)).toHaveLength(10);
    const session = await roster.api.get('/auth/session').set({ cookie: cookie() }).expect(200);
    expect(session.body).toMatchObject({ acr: 'aal2', kind: 'browser' });
    // Nothing is left of the sign-in.
    await roster.api.get('/sign-in/set-up').set({ cookie: cookie(), accept: 'text/html' }).expect(401);
  });
});
