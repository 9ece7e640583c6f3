import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Accounts } from '../../src/auth/accounts.js';
import { CHOSEN, forgetThrottle, LINK_KINDS, type LinkKind } from '../support/links.js';
import { metric } from '../support/metrics.js';
import { PASSWORD, type Roster } from '../support/roster.js';
import { type Answer, type TotpUser, TotpUsers } from '../support/totp-users.js';
import { freshCode, ticketOf } from '../support/totp.js';
import { as, TwoRosters } from '../support/two-rosters.js';

let two: TwoRosters;
let roster: Roster;
let users: TotpUsers;
let admin: string;
beforeAll(async () => {
  two = await TwoRosters.start();
  roster = two.one;
  users = new TotpUsers(roster);
  admin = await roster.signIn();
});
afterAll(() => two.stop());

const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };
const login: TotpUsers['login'] = (...given) => users.login(...given);
const present: TotpUsers['present'] = (...given) => users.present(...given);
const withTotp = (name: string) => users.join(name);
const sessionsOf = (id: string) => users.sessionsOf(id);
const cookiesOf = ({ headers }: Pick<Answer, 'headers'>): string[] =>
  [(headers as { 'set-cookie'?: string | string[] })['set-cookie'] ?? []].flat();
const pairOf = (cookie = ''): string => cookie.split(';', 1)[0] ?? '';

describe('wrong codes', () => {
  it('kill the ticket after five, and then right ones have to wait as well, for longer each time', async () => {
    const person = await withTotp('wrong');
    const token = ticketOf(await login(person.email));
    for (let time = 0; time < 5; time++) await present(token, '000000').expect(403, /wrong-second-factor/);
    const right = await freshCode(roster, person.secret, person.id);
    await present(token, right).expect(410, /sign-in-expired/);
    const later = await present(ticketOf(await login(person.email)), right).expect(429);
    const wait = Number((later.headers as Record<string, string>)['retry-after']);
    expect(wait).toBeGreaterThan(20);
    expect(wait).toBeLessThanOrEqual(30);
    await roster.database.query('UPDATE lockouts SET locked_until = now() WHERE user_id = $1', [person.id]);
    await users.guess(person, 5);
    const [lock] = await roster.database.query<{ seconds: number }>(
      'SELECT extract(epoch FROM locked_until - failed_at)::int AS seconds FROM lockouts WHERE user_id = $1',
      [person.id],
    );
    expect(lock).toEqual({ seconds: 60 });
    const told = await roster.inbox.about(person.email, /too many wrong codes/i);
    expect(told.text.replace(/\s+/g, ' ')).toContain('Then somebody knows your password');
  });

  it('in a session are forgiven neither for a mailed link nor for its second step', async () => {
    const person = await withTotp('in-session');
    const stepUp = (code: string) =>
      roster.api.post('/auth/step-up').set(as(person.token)).send({ method: 'totp', code });
    for (let time = 0; time < 5; time++) await stepUp('000000').expect(403);
    await forgetThrottle(roster);
    const { token } = await LINK_KINDS['magic-link'].mail(roster, person.email);
    const ticket = ticketOf(await roster.api.post('/auth/magic-link').send({ token }));
    await present(ticket, '000000').expect(403);
    await stepUp(await freshCode(roster, person.secret, person.id)).expect(403);
  });

  it('are not forgiven for a mailed link, nor by a manager, and are by an admin', async () => {
    const manager = await roster.join('forgiving-manager@example.com');
    await roster.api.put(`/users/${manager.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    const person = await withTotp('forgiven');
    await users.guess(person, 5);
    await forgetThrottle(roster);
    const { token } = await LINK_KINDS['magic-link'].mail(roster, person.email);
    const first = await roster.api.post('/auth/magic-link').send({ token });
    const code = await freshCode(roster, person.secret, person.id);
    await present(ticketOf(first), code).expect(429);
    await roster.api.post(`/users/${person.id}/unlock`).set(as(manager.token)).expect(200);
    await present(ticketOf(first), code).expect(429);
    await roster.api.post(`/users/${person.id}/unlock`).set(as(admin)).expect(200);
    await present(ticketOf(first), code).expect(200);
  });

  it('are counted, and so are right ones', async () => {
    const person = await withTotp('counted');
    const scrape = async () => (await roster.api.get('/metrics').set(as(admin)).expect(200)).text;
    const before = await scrape();
    const token = ticketOf(await login(person.email));
    await present(token, '000000').expect(403);
    await present(token, await freshCode(roster, person.secret, person.id)).expect(200);
    const after = await scrape();
    for (const outcome of ['asked', 'failed', 'passed']) {
      const [was, is] = [before, after].map((text) => metric(text, 'roster_second_factors_total', { outcome }));
      expect([outcome, (is ?? 0) - (was ?? 0)]).toEqual([outcome, 1]);
    }
  });
});

describe('a ticket', () => {
  it('is good for five minutes, for nothing else, and leaves no trace of a sign-in', async () => {
    const person = await withTotp('ticket');
    const lastLogin = async () =>
      (
        await roster.database.query<{ at: Date }>('SELECT last_login_at AS at FROM users WHERE id = $1', [person.id])
      )[0];
    const before = await lastLogin();
    const first = await login(person.email);
    const token = ticketOf(first);
    expect(cookiesOf(first)).toEqual([]);
    expect(await lastLogin()).toEqual(before);
    await roster.api.get('/users/me').set(as(token)).expect(401);
    await roster.api.post('/auth/refresh').send({ refreshToken: token }).expect(401);
    await roster.database.query('UPDATE sign_in_tickets SET expires_at = now() WHERE user_id = $1', [person.id]);
    await present(token, await freshCode(roster, person.secret, person.id)).expect(410);
    const forged = token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    await present(forged, '000000').expect(410);
  });

  it('of a browser is worth nothing without its cookie', async () => {
    const person = await withTotp('browser');
    const choice = { session: 'cookie' };
    const first = await login(person.email, choice, SAME_ORIGIN);
    const token = ticketOf(first);
    const [cookie = ''] = cookiesOf(first);
    expect(cookie).toMatch(/^roster-second-factor=[\w-]{43}; Path=\/; Max-Age=300; HttpOnly; SameSite=Strict$/);
    const code = await freshCode(roster, person.secret, person.id);
    await present(token, code, choice).set(SAME_ORIGIN).expect(410);
    const other = pairOf(cookiesOf(await login(person.email, choice, SAME_ORIGIN))[0]);
    await present(token, code, choice)
      .set({ ...SAME_ORIGIN, cookie: other })
      .expect(410);
    await present(token, code).set({ cookie: other }).expect(410);
    await present(token, code, choice)
      .set({ 'sec-fetch-site': 'cross-site', cookie: pairOf(cookie) })
      .expect(403, /cross-site/);
    // Another tab of the browser has begun as well.
    const tab = await login(person.email, choice, { ...SAME_ORIGIN, cookie: pairOf(cookie) });
    expect(pairOf(cookiesOf(tab)[0])).toBe(pairOf(cookie));
    const done = await present(token, code, choice)
      .set({ ...SAME_ORIGIN, cookie: pairOf(cookie) })
      .expect(200);
    expect(cookiesOf(done).some((one) => one.startsWith('roster-session='))).toBe(true);
    expect(done.body).not.toHaveProperty('accessToken');
  });

  it('of a known device is worth nothing without that', async () => {
    const person = await withTotp('device');
    const { deviceToken } = await users.signIn(person);
    const token = ticketOf(await login(person.email, { deviceToken }));
    const code = await freshCode(roster, person.secret, person.id);
    await present(token, code).expect(410);
    await present(token, code, { deviceToken }).expect(200);
  });

  it.each([
    ['suspended', (p: TotpUser) => roster.api.post(`/users/${p.id}/suspend`).set(as(admin)).send({}).expect(200)],
    ['deleted', (p: TotpUser) => roster.api.delete(`/users/${p.id}`).set(as(admin)).expect(204)],
    ['signed out everywhere', (p: TotpUser) => roster.api.delete('/auth/sessions').set(as(p.token)).expect(204)],
    ['signed out by staff', (p: TotpUser) => roster.api.delete(`/users/${p.id}/sessions`).set(as(admin)).expect(204)],
    [
      'given a new password',
      async (p: TotpUser) =>
        roster.api
          .put(`/users/${p.id}/password`)
          .set(as((await users.signIn(p)).accessToken))
          .send({ currentPassword: PASSWORD, newPassword: CHOSEN })
          .expect(204),
    ],
    ['locked', (p: TotpUser) => lock(p.email)],
    ['without its factors', (p: TotpUser) => roster.api.delete(`/users/${p.id}/factors`).set(as(admin)).expect(204)],
  ])('brings in nobody who was %s between the steps', async (what, happen) => {
    const person = await withTotp(`between-${what.replaceAll(' ', '-')}`);
    const token = ticketOf(await login(person.email));
    await happen(person);
    const before = await sessionsOf(person.id);
    await present(token, await freshCode(roster, person.secret, person.id)).expect(410, /sign-in-expired/);
    expect(await sessionsOf(person.id)).toBe(before);
  });

  async function lock(email: string): Promise<void> {
    for (let time = 0; time < 10; time++) await login(email, { password: 'seven wrong boats' }).expect(401);
  }
});

describe('the second factor cannot be gone around', () => {
  /** A factor that nobody set up by hand, as some of these users cannot. */
  const giveFactor = (userId: string) =>
    roster.database.query(
      `INSERT INTO totp_credentials (user_id, sealed_secret, last_step) VALUES ($1, '\\x00', 0) ON CONFLICT DO NOTHING`,
      [userId],
    );
  const noSession = ({ body, headers }: Answer): void => {
    expect(body).not.toHaveProperty('accessToken');
    expect(cookiesOf({ headers }).filter((cookie) => cookie.includes('roster-session='))).toEqual([]);
  };

  it.each(Object.entries<LinkKind>(LINK_KINDS))('by the link of %s', async (purpose, { path, mail, body = {} }) => {
    const email = `around-${purpose}@example.com`;
    // One who has proved the address: the first proof ends what somebody else may have set up before.
    if (purpose === 'magic-link') await roster.join(email);
    await forgetThrottle(roster);
    const { token, userId } = await mail(roster, email);
    await giveFactor(userId);
    // The first proof of an address ends the factors of before, with all else.
    await roster.database.query('UPDATE users SET email_verified = true, pending = false WHERE id = $1', [userId]);
    const before = await sessionsOf(userId);
    for (const choice of [{ session: 'cookie' }, {}]) {
      const answer = await roster.api
        .post(path)
        .set(SAME_ORIGIN)
        .send({ token, ...body, ...(path === '/auth/magic-link' && choice) });
      if (path === '/auth/magic-link' && answer.status !== 410) ticketOf(answer);
      noSession(answer);
    }
    expect(await sessionsOf(userId)).toBeLessThanOrEqual(before);
    await giveFactor(userId);
    const [user] = await roster.database.query<{ email: string }>('SELECT email FROM users WHERE id = $1', [userId]);
    for (const password of [PASSWORD, CHOSEN]) noSession(await login(user!.email, { password }));
    expect(await sessionsOf(userId)).toBeLessThanOrEqual(before);
  });

  it('by a refresh token: it goes on with the session that it has, and makes no other', async () => {
    const { email, id } = await withTotp('around-refresh');
    await roster.database.query('DELETE FROM totp_credentials WHERE user_id = $1', [id]);
    const { body } = await login(email).expect(200);
    await giveFactor(id);
    const before = await sessionsOf(id);
    const next = await roster.api
      .post('/auth/refresh')
      .send({ refreshToken: (body as { refreshToken: string }).refreshToken });
    const session = await roster.api.get('/auth/session').set(as((next.body as { accessToken: string }).accessToken));
    expect(session.body).toMatchObject({ amr: ['pwd'] });
    expect(await sessionsOf(id)).toBe(before);
  });

  it('by the username, or by an embedding application that checks the password', async () => {
    const { id } = await roster.join('around-name@example.com', { username: 'around-name' });
    await giveFactor(id);
    ticketOf(await login('around-name'));
    const accounts = roster.app.get(Accounts, { strict: false });
    await expect(accounts.verifyPassword('around-name', PASSWORD)).rejects.toMatchObject({
      code: 'second-factor-required',
    });
    expect(await accounts.verifyPassword('around-name', CHOSEN)).toBeUndefined();
  });
});
