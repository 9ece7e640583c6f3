import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const APP = 'https://wiki.example.com';

let roster: Roster;
let admin: string;
let user: { id: string; token: string };
beforeAll(async () => {
  roster = await startRoster({ SIGN_IN_REDIRECTS: APP });
  admin = await roster.signIn();
  user = await roster.join('ada@example.com');
});
afterAll(() => roster.stop());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const ask = (headers: Record<string, string> = {}, query = '') => roster.api.get(`/auth/verify${query}`).set(headers);
const forwarded = (uri: string, host = 'wiki.example.com') => ({
  'x-forwarded-proto': 'https',
  'x-forwarded-host': host,
  'x-forwarded-uri': uri,
});
const signIn = async (identifier: string) => {
  const response = await roster.api
    .post('/auth/login')
    .set('sec-fetch-site', 'same-origin')
    .send({ identifier, password: PASSWORD, session: 'cookie' })
    .expect(200);
  const cookies = [response.get('set-cookie') ?? []].flat();
  return { cookie: cookies.find((one) => one.includes('roster-session'))?.split(';')[0] ?? '' };
};

describe('GET /auth/verify', () => {
  it('says who it is, by token and by cookie, and refuses both at the next request after a logout', async () => {
    const session = await signIn('ada@example.com');
    for (const headers of [bearer(user.token), session]) {
      const answer = await ask(headers).expect(204);
      expect(answer.headers).toMatchObject({
        'x-auth-user': user.id,
        'x-auth-role': 'AUTHENTICATED',
        'x-auth-email': 'ada@example.com',
        'cache-control': 'no-store',
      });
    }
    await roster.api.post('/auth/logout').set(session).set('sec-fetch-site', 'same-origin').expect(204);
    await ask(session).expect(401);
    await ask(bearer(user.token)).expect(204);
  });

  it('refuses everybody else with 401, and a wrong token although the cookie is good', async () => {
    const refused = await ask().expect(401, /not-authenticated/);
    expect(refused.headers['www-authenticate']).toBe('Bearer');
    expect(refused.headers).not.toHaveProperty('x-auth-user');
    const session = await signIn('ada@example.com');
    const wrong = await ask({ ...session, ...bearer('wrong') }).expect(401);
    expect(wrong.headers).not.toHaveProperty('x-auth-sign-in');
  });

  it('refuses with 403 a caller who lacks the role that the proxy asks for, by the role of now', async () => {
    await ask(bearer(user.token), '?role=MANAGER').expect(403, /forbidden/);
    await ask(bearer(admin), '?role=MANAGER').expect(204);
    const { id, token } = await roster.join('grace@example.com');
    const role = (name: string) => roster.api.put(`/users/${id}/role`).set(bearer(admin)).send({ role: name });
    await role('MANAGER').expect(200);
    expect((await ask(bearer(token), '?role=MANAGER').expect(204)).headers['x-auth-role']).toBe('MANAGER');
    await role('AUTHENTICATED').expect(200);
    await ask(bearer(token), '?role=MANAGER').expect(403);
    await ask(bearer(token), '?role=ROOT').expect(400, /validation-failed/);
    await ask(bearer(token), '?signIn=maybe').expect(400, /validation-failed/);
  });

  it('writes an address that a header cannot hold so that it can be read again, and none without one', async () => {
    const email = '用户%@example.com';
    await roster.database.query('UPDATE users SET email = $2 WHERE id = $1', [user.id, email]);
    const answer = await ask(bearer(user.token)).expect(204);
    expect(answer.headers['x-auth-email']).toBe('%E7%94%A8%E6%88%B7%25@example.com');
    expect(decodeURIComponent(String(answer.headers['x-auth-email']))).toBe(email);
    await roster.database.query('UPDATE users SET email_verified = false WHERE id = $1', [user.id]);
    expect((await ask(bearer(user.token)).expect(204)).headers).not.toHaveProperty('x-auth-email');
    await roster.database.query("UPDATE users SET email = 'ada@example.com', email_verified = true WHERE id = $1", [
      user.id,
    ]);
  });

  it('knows the keys of service accounts that have the scope for it', async () => {
    const made = async (path: string, body: object) =>
      (await roster.api.post(path).set(bearer(admin)).send(body).expect(201)).body as { id: string; key: string };
    const { id } = await made('/service-accounts', { name: 'CI', role: 'MANAGER', scopes: ['verify'] });
    const { key } = await made(`/service-accounts/${id}/keys`, { name: 'ci' });
    const { headers } = await ask(bearer(key), '?role=MANAGER').expect(204);
    expect(headers).toMatchObject({ 'x-auth-user': id, 'x-auth-role': 'MANAGER' });
    await ask(bearer(key), '?role=ADMIN').expect(403);
    const scopes = ['users:read', 'introspect', 'revocations:read'];
    await roster.api.patch(`/service-accounts/${id}`).set(bearer(admin)).send({ scopes }).expect(200);
    const refused = await ask(bearer(key)).expect(403, /insufficient-scope/);
    expect(refused.headers).not.toHaveProperty('x-auth-user');
  });

  it('counts as the use of a browser session', async () => {
    const session = await signIn('ada@example.com');
    const [, id = ''] = /=([0-9a-f-]{36})\./.exec(session.cookie) ?? [];
    await roster.database.query("UPDATE sessions SET last_used_at = now() - interval '1 day' WHERE id = $1", [id]);
    await ask(session).expect(204);
    const recent = "SELECT FROM sessions WHERE id = $1 AND last_used_at > now() - interval '1 minute'";
    while ((await roster.database.query(recent, [id])).length === 0) await ask(session);
  });
});

describe('a visitor who is not signed in', () => {
  const to = (page: string) => `http://localhost:3000/sign-in?continue=${encodeURIComponent(page)}`;

  it('is told where to sign in and come back from, of applications that may be led to', async () => {
    const { headers } = await ask(forwarded('/pages?a=1&b=2')).expect(401);
    expect(headers['x-auth-sign-in']).toBe(to(`${APP}/pages?a=1&b=2`));
    const elsewhere = await ask(forwarded('/', 'evil.example')).expect(401);
    expect(elsewhere.headers['x-auth-sign-in']).toBe('http://localhost:3000/sign-in');
    expect((await ask().expect(401)).headers['x-auth-sign-in']).toBe('http://localhost:3000/sign-in');
    for (const uri of ['//evil.example/', '@evil.example/', '/\\evil.example']) {
      expect((await ask(forwarded(uri)).expect(401)).headers['x-auth-sign-in']).not.toMatch(/=https?:..evil|=%2F%2F/);
    }
  });

  it('is led there, where the proxy asks for it and a browser for a page', async () => {
    const page = { ...forwarded('/pages'), accept: 'text/html' };
    const led = await ask(page, '?signIn=redirect').expect(302);
    expect(led.headers).toMatchObject({ location: to(`${APP}/pages`), 'cache-control': 'no-store' });
    await ask({ ...page, 'x-forwarded-method': 'POST' }, '?signIn=redirect').expect(401);
    await ask({ ...page, accept: 'application/json' }, '?signIn=redirect').expect(401);
    await ask({ ...page, ...bearer('wrong') }, '?signIn=redirect').expect(401);
  });
});
