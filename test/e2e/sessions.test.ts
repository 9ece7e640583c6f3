import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SessionUpkeep } from '../../src/auth/sessions/session-upkeep.js';
import type { Roster } from '../support/roster.js';
import { as, idOf, type SignedIn, TwoRosters } from '../support/two-rosters.js';

let two: TwoRosters;
let roster: Roster;
let other: Roster;
let admin: string;
beforeAll(async () => {
  two = await TwoRosters.start();
  ({ one: roster, other } = two);
  admin = await roster.signIn();
});
afterAll(() => two.stop());

const me: TwoRosters['me'] = (...values) => two.me(...values);
const refresh: TwoRosters['refresh'] = (...values) => two.refresh(...values);
const login: TwoRosters['login'] = (...values) => two.login(...values);
const join = (name: string) => two.join(name);
const next: TwoRosters['next'] = (...values) => two.next(...values);

/** As if the last rotation had been so long ago. */
async function age(session: SignedIn, interval: string): Promise<void> {
  await roster.database.query(`UPDATE sessions SET rotated_at = rotated_at - $2::interval WHERE id = $1`, [
    idOf(session),
    interval,
  ]);
}

describe('a refresh', () => {
  it('answers as a login does, with the tokens that come next', async () => {
    const first = await join('refresh');
    const response = await refresh(first.refreshToken).expect(200);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.body).toMatchObject({ tokenType: 'Bearer', expiresIn: 900, user: { id: first.user.id } });
    const second = response.body as SignedIn;
    expect(second.refreshToken).toMatch(new RegExp(`^${idOf(first)}\\.2\\.`));
    await me(second.accessToken).expect(200);
    const third = await next(second, other);
    await me(third.accessToken).expect(200);
  });

  it('of one token 50 times at once on two servers gives all of them the same successor', async () => {
    const session = await join('fifty');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => refresh(session.refreshToken, index % 2 ? roster : other)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const successors = new Set(answers.map(({ body }) => (body as SignedIn).refreshToken));
    expect(successors.size).toBe(1);
    const [row] = await roster.database.query('SELECT generation FROM sessions WHERE id = $1', [idOf(session)]);
    expect(row).toEqual({ generation: 2 });
  });

  it('of the token before gives the same successor within the grace of its own rotation, and ends the session after', async () => {
    const session = await join('grace');
    const successor = await next(session);
    await age(session, '9 seconds');
    expect((await next(session)).refreshToken).toBe(successor.refreshToken);
    // Not sliding: the use within the grace has not begun it anew.
    await age(session, '1 second');
    const refused = await refresh(session.refreshToken).expect(401);
    expect(refused.body).toMatchObject({ code: 'invalid-refresh-token' });
    await refresh(successor.refreshToken).expect(401);
    await me(successor.accessToken).expect(401);
    await me(successor.accessToken, other).expect(401);
    const [row] = await roster.database.query('SELECT end_reason FROM sessions WHERE id = $1', [idOf(session)]);
    expect(row).toEqual({ end_reason: 'refresh-token-reused' });
    await roster.inbox.about('grace@example.com', /^A device was signed out of your Roster account$/);
    const evidence = await roster.database.query(
      "SELECT type, reason FROM auth_events WHERE session_id = $1 AND type LIKE 'session.%' ORDER BY id",
      [idOf(session)],
    );
    expect(evidence).toEqual([
      { type: 'session.ended', reason: 'refresh-token-reused' },
      { type: 'session.reuse_detected', reason: null },
    ]);
  });

  it('brings nothing once the session has ended, within the grace either', async () => {
    const session = await join('ended');
    const successor = await next(session);
    await roster.api.post('/auth/logout').set(as(successor.accessToken)).expect(204);
    // The first server has refreshed this session before, the other one has not.
    for (const server of [roster, other]) {
      for (const { refreshToken } of [session, successor]) await refresh(refreshToken, server).expect(401);
    }
  });

  it('of a token before the one before ends the session at once', async () => {
    const session = await join('older');
    const newest = await next(await next(session));
    await refresh(session.refreshToken).expect(401);
    await refresh(newest.refreshToken).expect(401);
    await me(newest.accessToken).expect(401);
  });

  it('that was made up neither succeeds nor ends anything', async () => {
    const session = await join('made-up');
    const stranger = await join('stranger');
    const newest = await next(session);
    const [id, , mac] = session.refreshToken.split('.') as [string, string, string];
    const [, , strange] = stranger.refreshToken.split('.') as [string, string, string];
    for (const bad of [
      `${id}.2.${mac}`,
      `${id}.3.${mac}`,
      `${id}.1.${strange}`,
      `${id}.1.${'A'.repeat(43)}`,
      `${id}.01.${mac}`,
      `${id}.1.${mac}=`,
      `${id}.1`,
      ` ${newest.refreshToken}`,
      newest.accessToken,
      '',
      'x'.repeat(4096),
    ]) {
      const { body } = await refresh(bad).expect(401);
      expect(body).toMatchObject({ code: 'invalid-refresh-token' });
    }
    for (const body of [
      {},
      { refreshToken: 1 },
      { refreshToken: [session.refreshToken] },
      { refreshToken: null },
      { refreshToken: 'x'.repeat(4097) },
    ]) {
      await roster.api.post('/auth/refresh').send(body).expect(400);
    }
    await next(newest);
    await me(session.refreshToken).expect(401);
  });

  it('keeps an idle session alive, never beyond its absolute end', async () => {
    const session = await join('idle');
    const set = (column: string, interval: string) =>
      roster.database.query(`UPDATE sessions SET ${column} = now() + $2::interval WHERE id = $1`, [
        idOf(session),
        interval,
      ]);
    await set('idle_expires_at', '1 minute');
    await set('absolute_expires_at', '1 day');
    const second = await next(session);
    const [row] = await roster.database.query<{ capped: boolean }>(
      'SELECT idle_expires_at = absolute_expires_at AS capped FROM sessions WHERE id = $1',
      [idOf(session)],
    );
    expect(row).toEqual({ capped: true });
    await set('idle_expires_at', '-1 second');
    await refresh(second.refreshToken).expect(401);
    await set('idle_expires_at', '1 day');
    await set('absolute_expires_at', '-1 second');
    await refresh(second.refreshToken).expect(401);
  });

  it('is refused to whoever was suspended or deleted, also where their session was left', async () => {
    const session = await join('barred');
    for (const column of ['suspended_at', 'deleted_at']) {
      await roster.database.query(`UPDATE users SET ${column} = now() WHERE id = $1`, [session.user.id]);
      await refresh(session.refreshToken).expect(401);
      await roster.database.query(`UPDATE users SET ${column} = NULL WHERE id = $1`, [session.user.id]);
    }
  });
});

describe('the list of devices', () => {
  it('shows where somebody is signed in, and lets them end one, or all others', async () => {
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
    await roster.join('devices@example.com');
    const laptop = await login('devices@example.com', { 'user-agent': firefox });
    const phone = await login('devices@example.com', { 'user-agent': 'Mozilla/5.0 (iPhone) <script>' });
    const list = async (session: SignedIn) =>
      ((await roster.api.get('/auth/sessions').set(as(session.accessToken)).expect(200)).body as { items: object[] })
        .items;
    const items = await list(laptop);
    expect(items).toHaveLength(3);
    expect(items[0]).toMatchObject({ id: idOf(phone), device: 'iOS', current: false });
    expect(items[1]).toEqual({
      id: idOf(laptop),
      kind: 'api',
      device: 'Firefox on Linux',
      ip: expect.stringMatching(/127\.0\.0\.1$/),
      createdAt: expect.any(String),
      lastUsedAt: expect.any(String),
      expiresAt: expect.any(String),
      current: true,
      _links: { end: { href: `/auth/sessions/${idOf(laptop)}`, method: 'DELETE' } },
    });

    const end = (id: string) => roster.api.delete(`/auth/sessions/${id}`).set(as(laptop.accessToken));
    await end(idOf(phone)).expect(204);
    await me(phone.accessToken).expect(401);
    await refresh(phone.refreshToken).expect(401);
    await end(idOf(phone)).expect(404);
    await roster.api.delete('/auth/sessions').set(as(laptop.accessToken)).expect(204);
    expect(await list(laptop)).toMatchObject([{ id: idOf(laptop), current: true }]);
  });

  it('lets nobody end a session of somebody else, nor learn of one', async () => {
    const victim = await join('victim');
    for (const id of [idOf(victim), '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', 'not-an-id', '%00']) {
      await roster.api
        .delete(`/auth/sessions/${id}`)
        .set(as(admin))
        .expect(id === '%00' ? 404 : 404);
    }
    await me(victim.accessToken).expect(200);
  });

  it('holds 100 at most: one more ends the one that was used the longest ago', async () => {
    const oldest = await join('many');
    await roster.database.query(
      `INSERT INTO sessions (id, user_id, key_id, nonce, idle_expires_at, absolute_expires_at)
       SELECT gen_random_uuid(), user_id, key_id, nonce, idle_expires_at, absolute_expires_at FROM sessions, generate_series(1, 98)
       WHERE id = $1`,
      [idOf(oldest)],
    );
    await roster.database.query("UPDATE sessions SET last_used_at = now() - interval '1 hour' WHERE id = $1", [
      idOf(oldest),
    ]);
    await me(oldest.accessToken).expect(200);
    const newest = await login('many@example.com');
    await me(oldest.accessToken).expect(401);
    const { body } = await roster.api.get('/auth/sessions').set(as(newest.accessToken)).expect(200);
    expect((body as { items: object[] }).items).toHaveLength(100);
  });

  it('forgets sessions when they could not have gone on any longer', async () => {
    const gone = await join('gone');
    const kept = await login('gone@example.com');
    await roster.api.post('/auth/logout').set(as(kept.accessToken)).expect(204);
    await roster.database.query("UPDATE sessions SET absolute_expires_at = now() - interval '1 second' WHERE id = $1", [
      idOf(gone),
    ]);
    await roster.app.get(SessionUpkeep, { strict: false }).sweep();
    const rows = await roster.database.query('SELECT id FROM sessions WHERE id = ANY ($1)', [[idOf(gone), idOf(kept)]]);
    expect(rows).toEqual([{ id: idOf(kept) }]);
  });
});
