import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { STEP_UP_METADATA } from '../../src/access/require-step-up.decorator.js';
import { declaredRoutes } from '../../src/access/declared-roles.js';
import { tokenIn } from '../support/inbox.js';
import { markedHandlers } from '../support/marked-handlers.js';
import { PASSWORD, type Roster } from '../support/roster.js';
import { as, idOf, TwoRosters } from '../support/two-rosters.js';

const SERVICE_TOKEN = 'for-tests-only.0123456789abcdefghij';
const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };

let two: TwoRosters;
let roster: Roster;
let admin: string;
beforeAll(async () => {
  two = await TwoRosters.start({ INTROSPECTION_TOKEN: SERVICE_TOKEN });
  roster = two.one;
  admin = await roster.signIn();
});
afterAll(() => two.stop());

const claims = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
const introspect = async (token: string) =>
  (await roster.api.post('/auth/introspect').set(as(SERVICE_TOKEN)).send({ token }).expect(200)).body as object;
const stepUp = (headers: object, proof: object = { method: 'password', password: PASSWORD }, at = roster) =>
  at.api
    .post('/auth/step-up')
    .set(headers as Record<string, string>)
    .send(proof);
/** Changes nothing when let in: the name stays as it is. */
const act = (headers: object, id: string, at = roster) =>
  at.api
    .put(`/users/${id}/username`)
    .set({ 'if-match': '"0"', ...headers })
    .send({ newUsername: 'whatever' });

/** Makes the last proof of a session older than STEP_UP_AGE; what servers remember of it is void. */
async function age(sessionId: string): Promise<void> {
  await roster.database.query("UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE id = $1", [
    sessionId,
  ]);
}

async function browserOf(email: string, choice: object = {}): Promise<{ cookie: string; sessionId: string }> {
  const response = await roster.api
    .post('/auth/login')
    .set(SAME_ORIGIN)
    .send({ identifier: email, password: PASSWORD, session: 'cookie', ...choice })
    .expect(200);
  const cookie = sent(response) ?? '';
  return { cookie, sessionId: cookie.slice('roster-session='.length).split('.')[0] ?? '' };
}

const cookiesOf = (response: { readonly headers: object }) =>
  [(response.headers as { 'set-cookie'?: string | string[] })['set-cookie'] ?? []].flat();
const sent = (response: { readonly headers: object }) =>
  cookiesOf(response)
    .find((one) => one.startsWith('roster-session='))
    ?.split(';')[0];
const me = (cookie: string, at = roster) => at.api.get('/users/me').set({ cookie });

describe('tokens', () => {
  it('say how and when the user was authenticated, and so does introspection', async () => {
    const { accessToken, refreshToken } = await two.join('claims');
    const { amr, acr, auth_time } = claims(accessToken);
    expect({ amr, acr }).toEqual({ amr: ['pwd'], acr: 'aal1' });
    expect(Math.abs(Number(auth_time) - Date.now() / 1000)).toBeLessThan(60);
    expect(await introspect(accessToken)).toMatchObject({ active: true, amr, acr, auth_time });
    const next = await two.next({ refreshToken, accessToken, user: { id: '' } }, two.other);
    expect(claims(next.accessToken)).toMatchObject({ amr, acr, auth_time });
  });

  it('of a session of the release before say when it began, and nothing of how', async () => {
    const session = await two.join('older');
    await roster.database.query("UPDATE sessions SET amr = '{}', authenticated_at = NULL WHERE id = $1", [
      idOf(session),
    ]);
    const { accessToken } = await two.next(session);
    const told = claims(accessToken);
    expect(told).toMatchObject({ acr: 'aal1', auth_time: expect.any(Number) });
    expect(told).not.toHaveProperty('amr');
    expect(await introspect(accessToken)).not.toHaveProperty('amr');
  });
});

describe('every route that takes a fresh proof', () => {
  const routes = () => {
    const discovery = roster.app.get(DiscoveryService, { strict: false });
    const marked = markedHandlers(discovery, STEP_UP_METADATA);
    return (
      declaredRoutes(discovery, new MetadataScanner())
        // Pages lead to one that asks for the proof; see account-pages.test.ts.
        .filter(({ path }) => !path.startsWith('/account'))
        .map((route) => ({ ...route, isMarked: marked.includes(route.handler) }))
    );
  };

  it('is one of these', () => {
    const marked = routes().filter(({ isMarked }) => isMarked);
    expect(marked.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'DELETE /clients/:id',
      'DELETE /service-accounts/:id',
      'DELETE /users/:id',
      'DELETE /users/:id/factors',
      'DELETE /users/:id/identities/:identityId',
      'DELETE /users/:id/methods/:method',
      'DELETE /users/:id/passkeys/:passkeyId',
      'DELETE /users/:id/totp',
      'GET /users/:id/export',
      'GET /users/export',
      'PATCH /clients/:id',
      'PATCH /service-accounts/:id',
      'PATCH /webhooks/:id',
      'POST /clients',
      'POST /clients/:id/rotate-secret',
      'POST /service-accounts',
      'POST /service-accounts/:id/keys',
      'POST /users/:id/erase',
      'POST /users/:id/identities/:providerId/start',
      'POST /users/:id/passkeys',
      'POST /users/:id/passkeys/options',
      'POST /users/:id/recovery-codes',
      'POST /users/:id/totp',
      'POST /users/:id/totp/confirm',
      'POST /users/export',
      'POST /users/import',
      'POST /webhooks',
      'POST /webhooks/:id/rotate-secret',
      'PUT /users/:id/email',
      'PUT /users/:id/password',
      'PUT /users/:id/role',
      'PUT /users/:id/username',
    ]);
  });

  it('refuses a session that was authenticated too long ago, and lets it in after a step-up', async () => {
    const { id } = await roster.join('everything@example.com');
    await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'ADMIN' }).expect(200);
    const other = (await roster.join('somebody@example.com')).id;
    const { accessToken, refreshToken } = await two.login('everything@example.com');
    const sessionId = refreshToken.split('.')[0] ?? '';
    const codes = async () => {
      const found: Record<string, string> = {};
      for (const { method, path, isMarked } of routes()) {
        if (!isMarked) continue;
        const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
        const url = path.replace(':id', other).replaceAll(/:\w+/g, 'password');
        // Nothing is changed when let in: the version is another.
        const { body, headers } = await roster.api[verb](url)
          .set({ ...as(accessToken), 'if-match': '"0"' })
          .send(method === 'GET' ? undefined : {});
        const { code = 'none' } = body as { code?: string };
        found[`${method} ${path}`] = code;
        if (code !== 'step-up-required') continue;
        expect(headers['www-authenticate']).toBe(
          'Bearer error="insufficient_user_authentication", acr_values="aal1", max_age=600',
        );
      }
      return Object.values(found);
    };
    expect(await codes()).not.toContain('step-up-required');
    await age(sessionId);
    expect(new Set(await codes())).toEqual(new Set(['step-up-required']));
    await stepUp(as(accessToken)).expect(200);
    expect(await codes()).not.toContain('step-up-required');
  });

  it('has the creation of somebody with more rights beside it, and of nobody else', async () => {
    const boss = await roster.join('old-boss@example.com');
    await roster.api.put(`/users/${boss.id}/role`).set(as(admin)).send({ role: 'ADMIN' }).expect(200);
    const { accessToken, refreshToken } = await two.login('old-boss@example.com');
    await age(refreshToken.split('.')[0] ?? '');
    const create = (body: object) => roster.api.post('/users').set(as(accessToken)).send(body);
    for (const role of ['MANAGER', 'ADMIN']) {
      await create({ username: `made-${role.toLowerCase()}`, role }).expect(401, /step-up-required/);
    }
    await create({ username: 'made-user' }).expect(201);
    await roster.api
      .post('/auth/step-up')
      .set(as(accessToken))
      .send({ method: 'password', password: PASSWORD })
      .expect(200);
    await create({ username: 'made-admin', role: 'ADMIN' }).expect(201);
  });

  it('may take the current password in its body instead, of its owner alone', async () => {
    const session = await two.join('own-password');
    const someone = (await roster.join('not-own-password@example.com')).id;
    await age(idOf(session));
    const change = (path: string, body: object) => roster.api.put(path).set(as(session.accessToken)).send(body);
    const { id } = session.user;
    const wrong = await change(`/users/${id}/password`, { currentPassword: 'no', newPassword: 'seven idle boats' });
    expect(wrong.body).toMatchObject({ code: 'wrong-current-password' });
    const email = await change(`/users/${id}/email`, { currentPassword: 'no', newEmail: 'new@example.com' });
    expect(email.body).toMatchObject({ code: 'wrong-current-password' });
    const others = await change(`/users/${someone}/email`, { currentPassword: PASSWORD, newEmail: 'x@example.com' });
    expect(others.body).toMatchObject({ code: 'step-up-required' });
  });
});

describe('a step-up', () => {
  it('gives new tokens for the same session, and is recorded', async () => {
    const session = await two.join('tokens');
    await age(idOf(session));
    await act(as(session.accessToken), session.user.id).expect(401);
    const { body } = await stepUp(as(session.accessToken)).expect(200);
    expect(body).toMatchObject({ tokenType: 'Bearer', acr: 'aal1', amr: ['pwd'], authTime: expect.any(String) });
    const stepped = body as { accessToken: string; refreshToken: string };
    expect(claims(stepped.accessToken)).toMatchObject({ sid: idOf(session), amr: ['pwd'] });
    // It counts for the session: its older access token is as good, and introspection says so at once.
    for (const token of [session.accessToken, stepped.accessToken]) {
      await act(as(token), session.user.id).expect(412);
      expect(await introspect(token)).toMatchObject({ auth_time: claims(stepped.accessToken)['auth_time'] });
    }
    await roster.api.post('/auth/refresh').send({ refreshToken: stepped.refreshToken }).expect(200);
    const { body: seen } = await roster.api
      .get(`/users/${session.user.id}/sign-ins`)
      .set(as(session.accessToken))
      .expect(200);
    expect(seen.items).toContainEqual(
      expect.objectContaining({ type: 'session.stepped_up', method: 'password', sessionId: idOf(session) }),
    );
  });

  it('asked twice at once leaves one refresh token, which goes on working', async () => {
    const session = await two.join('twice');
    const answers = await Promise.all(
      [roster, two.other].map((at) => stepUp(as(session.accessToken), undefined, at).expect(200)),
    );
    const tokens = answers.map(({ body }) => (body as { refreshToken: string }).refreshToken);
    expect(tokens[0]).toBe(tokens[1]);
    await roster.database.query("UPDATE sessions SET rotated_at = now() - interval '1 hour' WHERE id = $1", [
      idOf(session),
    ]);
    await two.refresh(tokens[0] ?? '').expect(200);
  });

  it('with wrong passwords locks this session out of more, and nobody else', async () => {
    const session = await two.join('guesses');
    const elsewhere = await two.login('guesses@example.com');
    const guess = (password: string) => stepUp(as(session.accessToken), { method: 'password', password });
    for (let times = 0; times < 5; times++) {
      const { body } = await guess(`wrong ${times}`).expect(403);
      expect(body).toMatchObject({ code: 'step-up-failed', errors: [{ path: 'password' }] });
    }
    await guess(PASSWORD).expect(403);
    await stepUp(as(elsewhere.accessToken)).expect(200);
    await two.login('guesses@example.com');
  });

  it('of somebody without a password is a new sign-in, and the answer says so', async () => {
    const { id } = await roster.join('link-only@example.com');
    await roster.api
      .delete(`/users/${id}/methods/password`)
      .set(as(await roster.signIn('link-only@example.com', PASSWORD)))
      .expect(204);
    // That mail has no link.
    await roster.inbox.waitFor('link-only@example.com', 2);
    const signIn = async () => {
      const had = roster.inbox.to('link-only@example.com').length;
      await roster.api.post('/auth/magic-link/request').send({ email: 'link-only@example.com' }).expect(202);
      const token = tokenIn(await roster.inbox.linkAfter('link-only@example.com', had));
      return (await roster.api.post('/auth/magic-link').send({ token }).expect(200)).body as {
        accessToken: string;
        refreshToken: string;
      };
    };
    const { accessToken, refreshToken } = await signIn();
    await age(refreshToken.split('.')[0] ?? '');
    const { body } = await act(as(accessToken), id).expect(401);
    expect(body).toMatchObject({
      code: 'step-up-required',
      detail: expect.stringContaining('POST /auth/magic-link/request'),
    });
    const tried = await stepUp(as(accessToken)).expect(401);
    expect(tried.body).toMatchObject({ code: 'step-up-required' });
  });

  it('comes too late for a session that has ended, or a user who was suspended', async () => {
    const { user, accessToken } = await two.join('ended');
    const [first, second] = [await two.login('ended@example.com'), accessToken];
    await Promise.all([
      stepUp(as(first.accessToken)),
      roster.api.post('/auth/logout').set(as(first.accessToken)).expect(204),
    ]);
    await stepUp(as(first.accessToken)).expect(401);
    await two.me(first.accessToken).expect(401);
    const [, tried] = await Promise.all([
      roster.api.post(`/users/${user.id}/suspend`).set(as(admin)).send({}).expect(200),
      stepUp(as(second), undefined, two.other),
    ]);
    expect([200, 401]).toContain(tried.status);
    await two.me(second).expect(401);
    const active = 'SELECT 1 FROM sessions WHERE user_id = $1 AND ended_at IS NULL';
    expect(await roster.database.query(active, [user.id])).toEqual([]);
  });
});

describe('the cookie of a session', () => {
  it('gets a new value by a step-up, and the old one is worth nothing on any server', async () => {
    await roster.join('renewed@example.com');
    const { cookie, sessionId } = await browserOf('renewed@example.com', { keepSignedIn: true });
    for (const at of [roster, two.other]) await me(cookie, at).expect(200);
    const response = await stepUp({ ...SAME_ORIGIN, cookie }).expect(200);
    expect(response.body).not.toHaveProperty('accessToken');
    const renewed = sent(response) ?? '';
    expect(renewed).toContain(sessionId);
    expect(renewed).not.toBe(cookie);
    expect(cookiesOf(response)[0]).toMatch(/; Max-Age=\d{5,}$/);
    await me(cookie).expect(401);
    await me(renewed).expect(200);
    await new Promise((resolve) => setTimeout(resolve, 101));
    await me(cookie, two.other).expect(401);
    await me(renewed, two.other).expect(200);
    // What was stolen before steps nobody up, and ends nothing.
    await stepUp({ ...SAME_ORIGIN, cookie }).expect(401);
    await roster.api
      .post('/auth/login')
      .set({ ...SAME_ORIGIN, cookie })
      .send({ identifier: 'renewed@example.com', password: PASSWORD, session: 'cookie' })
      .expect(200);
    await me(renewed).expect(200);
  });

  it('gets a new value by a change of password too', async () => {
    const { id } = await roster.join('changed@example.com');
    const { cookie } = await browserOf('changed@example.com');
    const response = await roster.api
      .put(`/users/${id}/password`)
      .set({ ...SAME_ORIGIN, cookie })
      .send({ currentPassword: PASSWORD, newPassword: 'seven idle boats on slate water' })
      .expect(204);
    const renewed = sent(response) ?? '';
    expect(cookiesOf(response)[0]).not.toContain('Max-Age');
    await me(renewed).expect(200);
    await me(cookie).expect(401);
  });

  it('survives two tabs that step up at once: whichever answer comes last, the browser stays signed in', async () => {
    await roster.join('tabs@example.com');
    for (let round = 0; round < 5; round++) {
      const { cookie } = await browserOf('tabs@example.com');
      const answers = await Promise.all(
        [roster, two.other, roster].map((at) => stepUp({ ...SAME_ORIGIN, cookie }, undefined, at)),
      );
      const values = answers.flatMap((answer) => sent(answer) ?? []);
      expect(values).toHaveLength(1);
      await me(values[0] ?? '').expect(200);
    }
  });
});
