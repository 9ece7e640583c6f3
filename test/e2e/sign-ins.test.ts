import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EvidenceRetention } from '../../src/auth/sign-in-evidence/evidence-retention.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const WRONG = 'seven idle boats on slate water';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster({ LOCKOUT_THRESHOLD: '3' });
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const login = (identifier: string, password = PASSWORD) =>
  roster.api.post('/auth/login').set('user-agent', FIREFOX).send({ identifier, password });
const get = (path: string, token: string) => roster.api.get(path).set(as(token));
const lines = (items: unknown) =>
  (items as { type: string; reason: string | null; times: number }[]).map(({ type, reason, times }) =>
    [type, reason, times].filter((part) => part !== null).join(' '),
  );

describe('the sign-ins of a user', () => {
  it('are told to the user: when, from where, how, and what became of it', async () => {
    const { id, token } = await roster.join('told@example.com');
    for (let time = 0; time < 4; time++) await login('told@example.com', WRONG).expect(401);
    const page = async () =>
      (await get(`/users/${id}/sign-ins`, token).expect(200)).body as { items: Record<string, unknown>[] };
    await eventually(async () => lines((await page()).items).includes('account.locked too-many-failures 1'));
    await roster.api.post(`/users/${id}/unlock`).set(as(admin)).expect(200);
    await login('told@example.com').expect(200);

    const { items } = await page();
    // The minute may have turned between two failures, so their rows are one or two.
    const failed = items.filter(({ type }) => type === 'login.failed');
    expect(failed.reduce((sum, { times }) => sum + Number(times), 0)).toBe(4);
    expect(lines(items).filter((line) => !line.startsWith('login.failed'))).toEqual([
      'login.succeeded 1',
      'account.unlocked staff 1',
      'account.locked too-many-failures 1',
      'login.succeeded 1',
    ]);
    expect(items[0]).toMatchObject({ method: 'password', ip: '127.0.0.1', device: 'Firefox on Linux', actorId: null });
    expect(items[0]).toMatchObject({ traceId: expect.stringMatching(/^[0-9a-f]{32}$/) });
    // From where an admin works is not told.
    const unlocked = items.find(({ type }) => type === 'account.unlocked');
    expect(unlocked).toMatchObject({ ip: null, device: null, actorId: expect.any(String) });
  });

  it('tell of every session how it began and ended', async () => {
    const { id } = await roster.join('ends@example.com');
    const tokens = [];
    for (let time = 0; time < 3; time++) {
      tokens.push(String((await login('ends@example.com').expect(200)).body.accessToken));
    }
    await roster.api.post('/auth/logout').set(as(tokens[0]!)).expect(204);
    await roster.api.delete('/auth/sessions').set(as(tokens[1]!)).expect(204);
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({}).expect(200);
    const { body } = await get(`/users/${id}/sign-ins`, admin).expect(200);
    const items = body.items as { type: string; reason: string; sessionId: string; actorId: string | null }[];
    const ended = items.filter(({ type }) => type === 'session.ended');
    expect(ended.map(({ reason }) => reason)).toEqual([
      'suspended',
      'signed-out-everywhere',
      'signed-out-everywhere',
      'signed-out',
    ]);
    expect(ended.map(({ actorId }) => actorId !== null)).toEqual([true, false, false, false]);
    const began = items.filter(({ type }) => type === 'login.succeeded').map(({ sessionId }) => sessionId);
    expect(ended.map(({ sessionId }) => sessionId).sort()).toEqual(began.sort());
  });

  it('tell of a refresh token that somebody else has used', async () => {
    const { token } = await roster.join('reused@example.com');
    const first = String((await login('reused@example.com').expect(200)).body.refreshToken);
    const refresh = (refreshToken: string) => roster.api.post('/auth/refresh').send({ refreshToken });
    const second = String((await refresh(first).expect(200)).body.refreshToken);
    await refresh(second).expect(200);
    await Promise.all(Array.from({ length: 4 }, () => refresh(first).expect(401)));
    const me = await get('/users/me', token).expect(200);
    const { body } = await get(`/users/${String(me.body.id)}/sign-ins`, token).expect(200);
    expect(
      lines(body.items)
        .filter((line) => line.startsWith('session.'))
        .sort(),
    ).toEqual(['session.ended refresh-token-reused 1', 'session.reuse_detected 1']);
  });

  it('come by page, the newest first, and each once', async () => {
    const { id, token } = await roster.join('paged@example.com');
    for (let time = 0; time < 4; time++) await login('paged@example.com').expect(200);
    const seen: string[] = [];
    let path: string | undefined = `/users/${id}/sign-ins?limit=2`;
    while (path !== undefined) {
      const { body, headers } = await get(path, token).expect(200);
      seen.push(...(body.items as { id: string }[]).map((item) => item.id));
      path = body._links.next?.href as string | undefined;
      expect(headers['link']).toContain('rel="first"');
    }
    const all = await get(`/users/${id}/sign-ins`, token).expect(200);
    expect(seen).toEqual((all.body.items as { id: string }[]).map((item) => item.id));
    expect(seen).toHaveLength(5);
    await get(`/users/${id}/sign-ins?cursor=x`, token).expect(400);
  });

  it('are in the export, and destroyed with the person, from where they acted on others too', async () => {
    const { id, token } = await roster.join('gone@example.com');
    const other = await roster.join('stays@example.com');
    await login('gone@example.com', WRONG).expect(401);
    await get(`/users/${other.id}`, token).set('user-agent', 'CanaryBrowser/1.0').expect(403);
    const { body } = await get(`/users/${id}/export`, token).expect(200);
    const exported = (body.data.signIns as { type: string }[]).sort((one, next) => one.type.localeCompare(next.type));
    expect(exported).toMatchObject([
      { type: 'access.denied', what: 'GET /users/:id', userAgent: 'CanaryBrowser/1.0' },
      { type: 'login.failed', userAgent: FIREFOX },
      { type: 'login.succeeded', ip: '127.0.0.1' },
    ]);
    await roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204);
    const left = await roster.database.query(
      'SELECT type, user_id, host(ip) AS ip, user_agent FROM auth_events WHERE user_id = $1 OR actor_id = $1',
      [id],
    );
    expect(left).toEqual([{ type: 'access.denied', user_id: other.id, ip: null, user_agent: null }]);
  });
});

describe('what is refused to somebody who is signed in', () => {
  it('is written down: who, what, and to whom; repeated at will, it is counted', async () => {
    const manager = await roster.join('manager@example.com');
    await roster.api.put(`/users/${manager.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    const staff = await roster.join('staff@example.com');
    await roster.api.put(`/users/${staff.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    const plain = await roster.join('plain@example.com');
    for (let time = 0; time < 3; time++) {
      await roster.api.post(`/users/${staff.id}/suspend`).set(as(manager.token)).send({}).expect(403);
    }
    await roster.api.put(`/users/${plain.id}/role`).set(as(plain.token)).send({ role: 'ADMIN' }).expect(403);
    await get('/users', plain.token).expect(403);
    const rows = await roster.database.query<{ what: string; times: number }>(
      `SELECT actor_id, actor_role, what, user_id, sum(times)::int AS times FROM auth_events
       WHERE type = 'access.denied' AND actor_id = ANY ($1) GROUP BY 1, 2, 3, 4 ORDER BY what DESC`,
      [[manager.id, plain.id]],
    );
    expect(rows).toEqual([
      { actor_id: plain.id, actor_role: 'AUTHENTICATED', what: 'PUT /users/:id/role', user_id: plain.id, times: 1 },
      { actor_id: manager.id, actor_role: 'MANAGER', what: 'POST /users/:id/suspend', user_id: staff.id, times: 3 },
      { actor_id: plain.id, actor_role: 'AUTHENTICATED', what: 'GET /users', user_id: null, times: 1 },
    ]);
    // The user whom it was about does not learn from where the other works.
    const { body } = await get(`/users/${staff.id}/sign-ins`, staff.token).expect(200);
    expect(lines(body.items)).toEqual(['login.succeeded 1']);
  });

  it('cannot make a record grow without bound, and neither can failures under names that nobody has', async () => {
    const plain = await roster.join('busy@example.com');
    for (let round = 0; round < 60; round++) {
      const id = `019aa53c-1f7e-7c2f-b1c0-${round.toString(16).padStart(12, '0')}`;
      await get(`/users/${id}`, plain.token).expect(403);
      await login(`nobody-${round}@example.com`).expect(401);
    }
    const [denied] = await roster.database.query<{ rows: number; times: number }>(
      'SELECT count(*)::int AS rows, sum(times)::int AS times FROM auth_events WHERE actor_id = $1',
      [plain.id],
    );
    expect(denied!.times).toBe(60);
    // At most sixteen a minute, and the minute may have turned.
    expect(denied!.rows).toBeLessThanOrEqual(48);
    const [nobody] = await roster.database.query<{ rows: number; times: number }>(
      `SELECT count(*)::int AS rows, sum(times)::int AS times FROM auth_events
       WHERE user_id IS NULL AND type = 'login.failed'`,
    );
    expect(nobody!.times).toBe(60);
    expect(nobody!.rows).toBeLessThanOrEqual(3);
  });
});

describe('sign-in evidence', () => {
  it('is kept by month: months ahead are there, those past the retention go whole', async () => {
    const months = async () =>
      (
        await roster.database.query<{ name: string }>(
          `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
           WHERE inhparent = 'auth_events'::regclass ORDER BY 1`,
        )
      ).map(({ name }) => name);
    const now = new Date();
    const ahead = [0, 1, 2].map((month) => {
      const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + month, 1)).toISOString();
      return `auth_events_${first.slice(0, 7).replace('-', '_')}`;
    });
    expect(await months()).toEqual(ahead);
    await roster.database.query(
      `CREATE TABLE auth_events_2020_01 PARTITION OF auth_events FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z')`,
    );
    await roster.database.query(`DROP TABLE ${ahead[2]!}`);
    await roster.app.get(EvidenceRetention, { strict: false }).deleteOld();
    expect(await months()).toEqual(ahead);
  });

  it('that is past the retention is not shown while its month is still there', async () => {
    const { id, token } = await roster.join('old@example.com');
    await login('old@example.com').expect(200);
    await roster.database.query(
      `CREATE TABLE auth_events_2020_01 PARTITION OF auth_events FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z')`,
    );
    const shown = async () =>
      ((await get(`/users/${id}/sign-ins`, token).expect(200)).body as { items: [] }).items.length;
    const before = await shown();
    await roster.database.query(
      `UPDATE auth_events SET occurred_at = '2020-01-15Z', last_at = '2020-01-15Z'
       WHERE id = (SELECT id FROM auth_events WHERE user_id = $1 ORDER BY occurred_at LIMIT 1)`,
      [id],
    );
    expect(await shown()).toBe(before - 1);
    await roster.app.get(EvidenceRetention, { strict: false }).deleteOld();
  });

  it('is a condition of a session: without a place for it, nobody is signed in', async () => {
    await roster.join('condition@example.com');
    await roster.database.query('ALTER TABLE auth_events RENAME TO gone');
    try {
      await login('condition@example.com').expect(500);
      const [sessions] = await roster.database.query<{ count: number }>(
        `SELECT count(*)::int FROM sessions WHERE user_id = (SELECT id FROM users WHERE email = 'condition@example.com')`,
      );
      expect(sessions!.count).toBe(1);
    } finally {
      await roster.database.query('ALTER TABLE gone RENAME TO auth_events');
    }
    await login('condition@example.com').expect(200);
  });
});
