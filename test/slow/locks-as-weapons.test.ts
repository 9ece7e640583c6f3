import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const THRESHOLD = 3;
const WRONG = 'seven idle boats on slate water';
const NEXT = 'quiet rivers under old bridges';
const ELSEWHERE = 'https://app.example.com';

let roster: Roster;
let secure: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster({ LOCKOUT_THRESHOLD: String(THRESHOLD), CORS_ORIGINS: ELSEWHERE });
  secure = await startRoster({ PUBLIC_URL: 'https://accounts.example.com' });
  admin = await roster.signIn();
});
afterAll(async () => {
  await roster.stop();
  await secure.stop();
});

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const login = (identifier: string, password = PASSWORD) =>
  roster.api.post('/auth/login').send({ identifier, password });
const put = (path: string, token: string, body: object) => roster.api.put(path).set(as(token)).send(body);
const cookieOf = ({ headers }: { headers: Record<string, unknown> }) =>
  ((headers['set-cookie'] as string[] | undefined)?.[0] ?? '').split(';', 1)[0] ?? '';

/** Somebody else tries passwords until the account is locked, from then on too. */
async function lockOut(identifier: string): Promise<void> {
  for (let time = 0; time < THRESHOLD; time++) await login(identifier, WRONG).expect(401);
  await login(identifier).expect(401);
}

async function linkFor(email: string): Promise<string> {
  await roster.database.query('DELETE FROM address_throttle');
  const older = new Set(roster.inbox.to(email));
  const links = () => roster.inbox.to(email).filter((mail) => !older.has(mail) && /magic-link/.test(mail.text));
  await roster.api.post('/auth/magic-link/request').send({ email }).expect(202);
  // Other mails, such as that of a new sign-in, may come before it.
  await eventually(() => links().length > 0);
  return tokenIn(links()[0]!);
}

describe('a lock that a stranger caused', () => {
  it('keeps nobody who is signed in from what asks for the password', async () => {
    const { id, token } = await roster.join('owner@example.com');
    await lockOut('owner@example.com');
    await put(`/users/${id}/email`, token, { newEmail: 'moved@example.com', currentPassword: PASSWORD }).expect(202);
    await put(`/users/${id}/password`, token, { currentPassword: PASSWORD, newPassword: NEXT }).expect(204);
  });

  it('is ended by a mailed link to sign in by, which is not burned', async () => {
    const email = 'mailed@example.com';
    const { id } = await roster.join(email);
    await lockOut(email);
    await roster.inbox.waitFor(email, 2);
    const link = await linkFor(email);
    await roster.api.post('/auth/magic-link').send({ token: link }).expect(200);
    await login(email).expect(200);
    const unlocked = await roster.database.query(
      "SELECT reason FROM auth_events WHERE user_id = $1 AND type = 'account.unlocked'",
      [id],
    );
    expect(unlocked).toEqual([{ reason: 'sign-in-link' }]);
  });

  it('is ended by one such link also while the stranger goes on', async () => {
    const email = 'flooded@example.com';
    await roster.join(email);
    await lockOut(email);
    await roster.inbox.waitFor(email, 2);
    const token = await linkFor(email);
    const flood = Array.from({ length: 30 }, () => login(email, WRONG));
    const [used] = await Promise.all([roster.api.post('/auth/magic-link').send({ token }), ...flood]);
    expect(used.status).toBe(200);
  });

  it('is another thing than a suspension, which a link does not end', async () => {
    const email = 'suspended@example.com';
    const { id } = await roster.join(email);
    const token = await linkFor(email);
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({}).expect(200);
    expect([401, 410]).toContain((await roster.api.post('/auth/magic-link').send({ token })).status);
    const shown = await roster.api.get(`/users/${id}`).set(as(admin)).expect(200);
    expect(shown.body).toMatchObject({ status: 'SUSPENDED' });
  });
});

describe('wrong passwords of who is signed in', () => {
  it('are counted for the session alone, and lock neither the account nor another session', async () => {
    const { id, token } = await roster.join('two-sessions@example.com');
    const other = await roster.signIn('two-sessions@example.com', PASSWORD);
    const change = (session: string, currentPassword: string) =>
      put(`/users/${id}/password`, session, { currentPassword, newPassword: NEXT });
    const wrong = [];
    for (let time = 0; time < THRESHOLD; time++) wrong.push(await change(token, WRONG).expect(403));
    const right = await change(token, PASSWORD).expect(403, /wrong-current-password/);
    const seen = ({ body }: { body: object }) => ({ ...body, traceId: undefined });
    expect(seen(right)).toEqual(seen(wrong[0]!));
    const email = { newEmail: 'thief@example.com', currentPassword: PASSWORD };
    await put(`/users/${id}/email`, token, email).expect(403, /wrong-current-password/);

    await login('two-sessions@example.com').expect(200);
    const shown = await roster.api.get(`/users/${id}`).set(as(admin)).expect(200);
    expect(shown.body).toMatchObject({ status: 'ACTIVE', lockedUntil: null });
    await change(other, PASSWORD).expect(204);
  });

  it('are all counted when they come at once', async () => {
    const { id, token } = await roster.join('at-once@example.com');
    const change = (currentPassword: string) =>
      put(`/users/${id}/password`, token, { currentPassword, newPassword: NEXT });
    await Promise.all(Array.from({ length: 20 }, () => change(WRONG).expect(403)));
    await change(PASSWORD).expect(403);
  });
});

describe('the cookie of a known device', () => {
  it('knows several people of one browser, each by a token of their own', async () => {
    const people = ['one@example.com', 'two@example.com', 'three@example.com'];
    let cookie = '';
    for (const email of people) {
      await roster.join(email);
      cookie = cookieOf(await login(email).set('cookie', cookie).expect(200));
    }
    expect(cookie.split('~')).toHaveLength(3);
    // Who signs in again is there once.
    cookie = cookieOf(await login('one@example.com').set('cookie', cookie).expect(200));
    expect(cookie.split('~')).toHaveLength(3);
    for (const email of people) {
      await lockOut(email);
      await login(email).set('cookie', cookie).expect(200);
    }
  });

  it('grows no further than eight people, and carries nothing that is no token', async () => {
    const { token: _, ...one } = await roster.join('ninth@example.com');
    const made = Array.from(
      { length: 12 },
      (__, index) => `${index.toString(16).padStart(32, '0')}.zzzzzzz.${'0'.repeat(16)}`,
    );
    const cookie = `roster-device=${made.map((part) => `${part}.${'A'.repeat(43)}`).join('~')}~<script>`;
    const kept = cookieOf(await login('ninth@example.com').set('cookie', cookie).expect(200));
    expect(kept.length).toBeLessThan(900);
    expect(kept).toMatch(/^roster-device=[0-9a-z.A-Z_~-]+$/);
    await lockOut('ninth@example.com');
    await login('ninth@example.com').set('cookie', kept).expect(200);
    expect(one.id).toBeDefined();
  });

  it.each<[string, Record<string, string>]>([
    ['a form of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a form of a neighbouring host', { 'sec-fetch-site': 'same-site', origin: 'http://evil.localhost' }],
    ['a page of an older browser', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ])('is neither set nor replaced by %s', async (_what, headers) => {
    await roster.join(`forged-${headers['sec-fetch-site'] ?? 'none'}-${headers['origin']!.length}@example.com`);
    const email = `forged-${headers['sec-fetch-site'] ?? 'none'}-${headers['origin']!.length}@example.com`;
    const form = roster.api
      .post('/auth/login')
      .type('form')
      .set(headers)
      .send({ identifier: email, password: PASSWORD });
    expect((await form.expect(200)).headers).not.toHaveProperty('set-cookie');
    const unlock = roster.api.post('/auth/magic-link').type('form').set(headers);
    expect((await unlock.send({ token: await linkFor(email) }).expect(200)).headers).not.toHaveProperty('set-cookie');
  });

  it.each<[string, Record<string, string>]>([
    ['a client that is no browser', {}],
    ['a page of its own', { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:3000' }],
    ['a person without a page', { 'sec-fetch-site': 'none' }],
    ['a page of an older browser of its own', { origin: 'http://localhost:3000' }],
    ['a page of CORS_ORIGINS', { 'sec-fetch-site': 'cross-site', origin: ELSEWHERE }],
  ])('is set for %s', async (_what, headers) => {
    const answer = await login('admin@example.com', 'correct horse battery staple').set(headers).expect(200);
    const [cookie] = answer.headers['set-cookie'] as unknown as string[];
    expect(cookie).toMatch(/^roster-device=[^;]+; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Strict$/);
  });

  it('cannot be planted by another host where the server has https', async () => {
    const { body, headers } = await secure.api
      .post('/auth/login')
      .send({ identifier: 'admin@example.com', password: 'correct horse battery staple' })
      .expect(200);
    const [cookie = ''] = headers['set-cookie'] as unknown as string[];
    expect(cookie).toMatch(
      /^__Host-roster-device=[^;]+; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Strict; Secure$/,
    );
    expect(cookie).toContain(String(body.deviceToken));
    expect(cookie).not.toContain('Domain');
  });
});
