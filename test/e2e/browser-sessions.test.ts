import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { type Headers, LISTED_ORIGIN as APP, SAME_ORIGIN, SITES } from '../support/sites.js';

const NOBODY = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
const VALUE = /^roster-session=([0-9a-f-]{36})\.([A-Za-z0-9_-]{43}); Path=\/; HttpOnly; SameSite=Lax/;

let roster: Roster;
let other: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster({ CORS_ORIGINS: APP });
  other = await startRoster({ CORS_ORIGINS: APP, SMTP_URL: roster.inbox.url }, [], roster.database);
  admin = await roster.signIn();
});
afterAll(async () => {
  await other.app.close();
  await other.inbox.down();
  await roster.stop();
});

const signIn = (email: string, choice: object = {}, headers: Headers = SAME_ORIGIN) =>
  roster.api
    .post('/auth/login')
    .set(headers)
    .send({ identifier: email, password: PASSWORD, session: 'cookie', ...choice });

const setCookies = (response: { readonly headers: object }): string[] =>
  [(response.headers as { 'set-cookie'?: string | string[] })['set-cookie'] ?? []].flat();
const sessionCookie = (response: { readonly headers: object }): string =>
  setCookies(response).find((cookie) => cookie.includes('roster-session=')) ?? '';
const pairOf = (cookie: string): string => cookie.split(';', 1)[0] ?? '';

/** A new browser session of somebody who has registered. */
async function browserOf(email: string): Promise<string> {
  return pairOf(sessionCookie(await signIn(email).expect(200)));
}

/** Locks a session until what this returns is called. */
async function holdRow(id: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: roster.database.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM sessions WHERE id = $1 FOR UPDATE', [id]);
  return () => client.end();
}

const me = (cookie: string, at = roster) => at.api.get('/users/me').set({ cookie });

describe('a browser session', () => {
  it('is a cookie that scripts cannot read, and no tokens', async () => {
    const { id } = await roster.join('cookie@example.com');
    const response = await signIn('cookie@example.com').expect(200);
    expect(Object.keys(response.body as object).sort()).toEqual(['deviceToken', 'user']);
    expect(response.headers['cache-control']).toBe('no-store');
    const cookie = sessionCookie(response);
    expect(cookie).toMatch(VALUE);
    expect(cookie).not.toMatch(/Max-Age|Expires|Domain/i);
    for (const server of [roster, other]) {
      const { body } = await me(pairOf(cookie), server).expect(200);
      expect(body).toMatchObject({ id });
    }
    // Nothing in the database proves it.
    const [, , mac] = VALUE.exec(cookie) ?? [];
    const rows = await roster.database.query('SELECT * FROM sessions WHERE user_id = $1', [id]);
    expect(JSON.stringify(rows)).not.toContain(mac);
  });

  it('lasts beyond the browser where the user stays signed in', async () => {
    await roster.join('kept@example.com');
    const cookie = sessionCookie(await signIn('kept@example.com', { keepSignedIn: true }).expect(200));
    expect(cookie).toMatch(/; Max-Age=\d{5,}$/);
  });

  it('says who is signed in, since when and how', async () => {
    const { id, token } = await roster.join('who@example.com');
    const cookie = await browserOf('who@example.com');
    const before = Date.now();
    const { body } = await roster.api.get('/auth/session').set({ cookie }).expect(200);
    expect(body).toMatchObject({ user: { id }, kind: 'browser', acr: 'aal1', amr: ['pwd'] });
    expect(Math.abs(Date.parse(body.authTime as string) - before)).toBeLessThan(60_000);
    expect(Date.parse(body.expiresAt as string)).toBeGreaterThan(before);
    const byToken = await roster.api.get('/auth/session').set('authorization', `Bearer ${token}`).expect(200);
    expect(byToken.body).toMatchObject({ user: { id }, kind: 'api', amr: ['pwd'] });
    await roster.api.get('/auth/session').expect(401);
    const list = await roster.api.get('/auth/sessions').set({ cookie }).expect(200);
    const kinds = (list.body.items as { kind: string; current: boolean }[]).map(({ kind, current }) => [kind, current]);
    expect(kinds).toContainEqual(['browser', true]);
    expect(kinds).toContainEqual(['api', false]);
  });

  it('begins by a mailed link too', async () => {
    await roster.join('by-link@example.com');
    const had = roster.inbox.to('by-link@example.com').length;
    await roster.api.post('/auth/magic-link/request').send({ email: 'by-link@example.com' }).expect(202);
    const token = tokenIn(await roster.inbox.linkAfter('by-link@example.com', had));
    const response = await roster.api.post('/auth/magic-link').send({ token, session: 'cookie' }).expect(200);
    expect(response.body).not.toHaveProperty('accessToken');
    const { body } = await roster.api
      .get('/auth/session')
      .set({ cookie: pairOf(sessionCookie(response)) })
      .expect(200);
    expect(body).toMatchObject({ kind: 'browser', amr: ['otp'] });
  });

  it('ends with its logout on every server, and the browser forgets it', async () => {
    await roster.join('out@example.com');
    const cookie = await browserOf('out@example.com');
    await me(cookie, other).expect(200);
    const response = await roster.api
      .post('/auth/logout')
      .set({ cookie, ...SAME_ORIGIN })
      .expect(204);
    expect(sessionCookie(response)).toMatch(/^roster-session=; .*Max-Age=0/);
    await me(cookie).expect(401);
    await new Promise((resolve) => setTimeout(resolve, 120));
    await me(cookie, other).expect(401);
  });

  it('ends with the suspension of its user, and by a colleague', async () => {
    const { id } = await roster.join('suspended@example.com');
    const [first, second] = [await browserOf('suspended@example.com'), await browserOf('suspended@example.com')];
    const sessionId = first.slice('roster-session='.length).split('.')[0] ?? '';
    await roster.api.delete(`/users/${id}/sessions/${sessionId}`).set('authorization', `Bearer ${admin}`).expect(204);
    await me(first).expect(401);
    await me(second).expect(200);
    await roster.api.post(`/users/${id}/suspend`).set('authorization', `Bearer ${admin}`).send({}).expect(200);
    await me(second).expect(401);
  });

  it('is put off its idle end by use, once for many requests, and by no page that asks who is signed in', async () => {
    await roster.join('idle@example.com');
    const cookie = await browserOf('idle@example.com');
    const id = cookie.slice('roster-session='.length).split('.')[0];
    await roster.database.query(
      "UPDATE sessions SET last_used_at = now() - interval '2 minutes', idle_expires_at = now() + interval '1 minute' WHERE id = $1",
      [id],
    );
    const left = async () => {
      const [row] = await roster.database.query<{ left: number }>(
        'SELECT extract(epoch FROM idle_expires_at - now())::float8 AS left FROM sessions WHERE id = $1',
        [id],
      );
      return row?.left ?? 0;
    };
    for (let time = 0; time < 3; time++) await roster.api.get('/auth/session').set({ cookie }).expect(200);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await left()).toBeLessThan(60);
    await Promise.all(Array.from({ length: 16 }, () => me(cookie).expect(200)));
    while ((await left()) < 3600) await new Promise((resolve) => setTimeout(resolve, 20));
    await me(cookie).expect(200);
  });

  it('is replaced by the next sign-in of the browser, whatever value that had: fixing one gains nothing', async () => {
    await roster.join('fixed@example.com');
    const { id } = await roster.join('before@example.com');
    const planted = await browserOf('before@example.com');
    const headers = { ...SAME_ORIGIN, cookie: planted };
    const own = pairOf(sessionCookie(await signIn('fixed@example.com', {}, headers).expect(200)));
    expect(own).not.toBe(planted);
    await me(own).expect(200);
    await me(planted).expect(401);
    const [row] = await roster.database.query(
      "SELECT end_reason FROM sessions WHERE user_id = $1 AND kind = 'BROWSER'",
      [id],
    );
    expect(row).toEqual({ end_reason: 'signed-in-again' });
    // One that only names a session ends nothing.
    const forged = own.replace(/\.[^.]*$/, `.${'A'.repeat(43)}`);
    await signIn('before@example.com', {}, { ...SAME_ORIGIN, cookie: forged }).expect(200);
    await me(own).expect(200);
  });

  it('is forgotten by the browser at the logout of that session alone', async () => {
    const { token } = await roster.join('two-sessions@example.com');
    const cookie = await browserOf('two-sessions@example.com');
    const headers = { cookie, authorization: `Bearer ${token}` };
    const response = await roster.api.post('/auth/logout').set(headers).expect(204);
    expect(sessionCookie(response)).toBe('');
    await me(cookie).expect(200);
  });

  it('holds up nobody while its row is locked, and says from where it is used', async () => {
    await roster.join('locked-row@example.com');
    const cookie = await browserOf('locked-row@example.com');
    const id = cookie.slice('roster-session='.length).split('.')[0];
    await roster.database.query(
      "UPDATE sessions SET last_used_at = now() - interval '2 minutes', ip = '203.0.113.7' WHERE id = $1",
      [id],
    );
    const addressOf = async () =>
      (await roster.database.query<{ ip: string }>('SELECT host(ip) AS ip FROM sessions WHERE id = $1', [id]))[0]?.ip;
    const holder = await holdRow(id ?? '');
    try {
      await me(cookie).expect(200);
      await me(await browserOf('locked-row@example.com')).expect(200);
    } finally {
      await holder();
    }
    expect(await addressOf()).toBe('203.0.113.7');
    // Another server has not tried yet.
    await me(cookie, other).expect(200);
    while ((await addressOf()) === '203.0.113.7') await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await addressOf()).toMatch(/127\.0\.0\.1$|^::1$/);
  });
});

describe('the cookie of a session', () => {
  let cookie: string;
  beforeAll(async () => {
    await roster.join('forged@example.com');
    cookie = await browserOf('forged@example.com');
  });

  it.each([
    ['one bit changed', (value: string) => value.slice(0, -2) + (value.endsWith('AA') ? 'BA' : 'AA')],
    ['another session', (value: string) => value.replace(/=.{36}/, `=${NOBODY}`)],
    ['no signature', (value: string) => value.split('.')[0] ?? ''],
    ['twice, once planted', (value: string) => `roster-session=${NOBODY}.${'A'.repeat(43)}; ${value}`],
    ['60 KB', (value: string) => `${value}${'A'.repeat(12_000)}`],
    ['another white space before its name', (value: string) => `\u00a0${value}`],
    ['something behind it', (value: string) => `${value}=x`],
    ['the name of another', (value: string) => value.replace('roster-session', 'x-roster-session')],
  ])('with %s signs nobody in', async (_, change) => {
    await me(cookie).expect(200);
    await me(change(cookie)).expect(401);
  });

  it('of a session with tokens does not exist, nor do tokens of a browser session', async () => {
    const tokens = await roster.api
      .post('/auth/login')
      .send({ identifier: 'forged@example.com', password: PASSWORD })
      .expect(200);
    const [id, , mac] = (tokens.body as { refreshToken: string }).refreshToken.split('.');
    await me(`roster-session=${id}.${mac}`).expect(401);
    const [browserId, browserMac] = cookie.slice('roster-session='.length).split('.');
    for (const generation of [0, 1, 2]) {
      const refreshToken = `${browserId}.${generation}.${browserMac}`;
      const { status } = await roster.api.post('/auth/refresh').send({ refreshToken });
      expect([400, 401]).toContain(status);
    }
    await me(cookie).expect(200);
  });

  it('stands back behind a token, and a bad token never falls back to it', async () => {
    const { id, token } = await roster.join('bearer-wins@example.com');
    const both = { cookie, authorization: `Bearer ${token}` };
    expect((await roster.api.get('/users/me').set(both).expect(200)).body).toMatchObject({ id });
    for (const authorization of ['Bearer nonsense', `Bearer ${token}x`, 'Bearer', 'Basic YTpi', '']) {
      const { status } = await roster.api.get('/users/me').set({ cookie, authorization });
      expect({ authorization, status }).toEqual({ authorization, status: 401 });
    }
  });
});

describe('a change by cookie', () => {
  it('changes nothing when it is refused', async () => {
    const { id } = await roster.join('unchanged@example.com');
    const cookie = await browserOf('unchanged@example.com');
    for (const [, headers, isOurs] of SITES.filter(([, , ours]) => !ours)) {
      expect(isOurs).toBe(false);
      await roster.api
        .patch('/users/me')
        .set({ ...headers, cookie })
        .send({ nickname: 'Eve' })
        .expect(403);
      await roster.api
        .post('/auth/logout')
        .set({ ...headers, cookie })
        .expect(403);
    }
    const { body } = await me(cookie).expect(200);
    expect(body).toMatchObject({ id, nickname: null });
  });

  it('comes from a page of ours, on any of the ways in which a browser says so', async () => {
    const { id } = await roster.join('changed@example.com');
    const cookie = await browserOf('changed@example.com');
    const ours = SITES.filter(([, , isOurs]) => isOurs);
    expect(ours).toHaveLength(3);
    for (const [nickname, headers] of ours) {
      const change = roster.api.patch('/users/me').set({ ...headers, cookie });
      expect((await change.send({ nickname }).expect(200)).body).toMatchObject({ id, nickname });
    }
  });

  it('is no sign-in from another site either, which leaves no session behind', async () => {
    const { id } = await roster.join('login-csrf@example.com');
    const count = async () => (await roster.database.query('SELECT 1 FROM sessions WHERE user_id = $1', [id])).length;
    const before = await count();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
    ]) {
      const response = await signIn('login-csrf@example.com', {}, headers).expect(403);
      expect(response.body).toMatchObject({ code: 'cross-site-request' });
      expect(setCookies(response)).toEqual([]);
    }
    expect(await count()).toBe(before);
    await signIn('login-csrf@example.com', {}, { 'sec-fetch-site': 'cross-site', origin: APP }).expect(200);
  });
});

describe('behind https', () => {
  it('the cookie is Secure, and of this host alone', async () => {
    const secure = await startRoster({ PUBLIC_URL: 'https://id.example.com' });
    try {
      await secure.join('tls@example.com');
      const response = await secure.api
        .post('/auth/login')
        .send({ identifier: 'tls@example.com', password: PASSWORD, session: 'cookie' })
        .expect(200);
      const cookie = setCookies(response).find((one) => one.startsWith('__Host-roster-session=')) ?? '';
      expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
      await secure.api
        .get('/users/me')
        .set({ cookie: pairOf(cookie) })
        .expect(200);
      await secure.api
        .get('/users/me')
        .set({ cookie: pairOf(cookie).replace('__Host-', '') })
        .expect(401);
    } finally {
      await secure.stop();
    }
  });
});
