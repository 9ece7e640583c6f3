import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { SessionUpkeep } from '../../src/auth/sessions/session-upkeep.js';
import { RevocationFeed } from '../../src/auth/revocation-feed/revocation-feed.js';
import { Keyring } from '../../src/database/keyring.js';
import { eventually } from '../support/eventually.js';
import { EventReader } from '../support/event-stream.js';
import { countWaiting } from '../support/meanwhile.js';
import type { Roster } from '../support/roster.js';
import { as, idOf, TwoRosters } from '../support/two-rosters.js';

const SERVICE_TOKEN = 'for-tests-only.0123456789abcdefghij';

interface Row {
  readonly position: number;
  readonly sid?: string;
  readonly sub?: string;
  readonly kid?: string;
  readonly epoch?: number;
  readonly reason: string;
  readonly at: string;
}
interface Page {
  readonly items: Row[];
  readonly page: { readonly nextAfter: number; readonly hasMore: boolean; readonly keptForSeconds: number };
}

let two: TwoRosters;
let roster: Roster;
let other: Roster;
let admin: string;
beforeAll(async () => {
  two = await TwoRosters.start({ INTROSPECTION_TOKEN: SERVICE_TOKEN });
  ({ one: roster, other } = two);
  admin = await roster.signIn();
});
afterAll(() => two.stop());

const read = (query = '', token = SERVICE_TOKEN) => roster.api.get(`/auth/revocations${query}`).set(as(token));
const page = async (query = ''): Promise<Page> => (await read(query).expect(200)).body as Page;
const end = async (): Promise<number> => {
  for (let after = 0; ;) {
    const { nextAfter, hasMore } = (await page(`?limit=1000&after=${after}`)).page;
    if (!hasMore) return nextAfter;
    after = nextAfter;
  }
};
const since = async (after: number): Promise<Row[]> => (await page(`?limit=1000&after=${after}`)).items;
const follow = (lastEventId?: string, path = '/auth/revocations') =>
  EventReader.open(roster.url, { token: SERVICE_TOKEN, path, ...(lastEventId !== undefined && { lastEventId }) });
const logout = (token: string, at = roster) => at.api.post('/auth/logout').set(as(token)).expect(204);
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sid: string; sub: string; epoch: number };

describe('the feed of revocations', () => {
  it('is for services: nobody else reads it, whatever their role', async () => {
    await roster.api.get('/auth/revocations').expect(401);
    await read('', admin).expect(403, /forbidden/);
    await read('', 'another-token-of-some-other-service!').expect(401);
    await other.api.get('/auth/revocations').set(as(SERVICE_TOKEN)).expect(401);
  });

  it('is read by a service account of the least role, whose stream ends with its key', async () => {
    const made = async (path: string, body: object) =>
      (await roster.api.post(path).set(as(admin)).send(body).expect(201)).body as { id: string; key: string };
    const { id } = await made('/service-accounts', { name: 'Billing', role: 'AUTHENTICATED' });
    const { id: keyId, key } = await made(`/service-accounts/${id}/keys`, { name: 'feed' });
    await read('', key).expect(200);
    const reader = await EventReader.open(roster.url, { token: key, path: '/auth/revocations' });
    expect(reader.response.statusCode).toBe(200);
    const before = await end();
    await roster.api.delete(`/service-accounts/${id}/keys/${keyId}`).set(as(admin)).expect(204);
    // Its JWTs name the key as their session.
    expect(await since(before)).toMatchObject([{ sid: keyId, reason: 'key-retired' }]);
    await reader.until('the end', ({ ended }) => ended);
    await read('', key).expect(401);
    const { id: scopeless } = await made('/service-accounts', {
      name: 'Other',
      role: 'ADMIN',
      scopes: ['users:read'],
    });
    await read('', (await made(`/service-accounts/${scopeless}/keys`, { name: 'other' })).key).expect(403);
  });

  it('tells of an ended session by its id, why and when, and of nothing personal', async () => {
    const session = await two.join('feed-logout');
    const before = await end();
    await logout(session.accessToken);
    const [row, ...more] = await since(before);
    expect(more).toEqual([]);
    expect(row).toEqual({
      position: before + 1,
      sid: idOf(session),
      reason: 'signed-out',
      at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('tells of a user whose role changed, by an epoch that older tokens are below and new ones are not', async () => {
    const session = await two.join('feed-role');
    const before = await end();
    const { id } = session.user;
    await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    const [row, ...more] = await since(before);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ position: before + 1, sub: id, reason: 'role-changed' });
    expect(claimsOf(session.accessToken).epoch).toBeLessThan(row!.epoch!);
    expect(claimsOf((await two.next(session)).accessToken).epoch).toBeGreaterThanOrEqual(row!.epoch!);
  });

  it.each([
    ['suspended', (id: string) => roster.api.post(`/users/${id}/suspend`).set(as(admin)).expect(200)],
    ['deleted', (id: string) => roster.api.delete(`/users/${id}`).set(as(admin)).expect(204)],
    ['erased', (id: string) => roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204)],
  ])('tells of a user who was %s, and of the sessions', async (reason, act) => {
    const session = await two.join(`feed-${reason}`);
    const before = await end();
    await act(session.user.id);
    const rows = await since(before);
    expect(rows).toContainEqual(expect.objectContaining({ sub: session.user.id, reason }));
    expect(rows.map(({ sid }) => sid)).toContain(idOf(session));
  });

  it('says nothing of what takes no token away: a reinstatement, a new name', async () => {
    const { user, accessToken } = await two.join('feed-nothing');
    await roster.api.post(`/users/${user.id}/suspend`).set(as(admin)).expect(200);
    const before = await end();
    await roster.api.post(`/users/${user.id}/reinstate`).set(as(admin)).expect(200);
    await two.me(accessToken).expect(401);
    expect(await since(before)).toEqual([]);
  });

  it('tells of a signing key that was replaced, and of one that was destroyed', async () => {
    const keyring = roster.app.get(Keyring, { strict: false });
    const { id: kid } = keyring.current('access-token');
    const before = await end();
    await keyring.rotate('access-token');
    expect(await since(before)).toMatchObject([{ kid, reason: 'key-retired' }]);
    await roster.database.query("UPDATE keys SET retired_at = now() - interval '1 day' WHERE id = $1", [kid]);
    await roster.app.get(SessionUpkeep, { strict: false }).sweep();
    expect((await since(before))[1]).toMatchObject({ kid, reason: 'key-destroyed' });
    admin = await roster.signIn();
  });

  it('is read in pages, each revocation once', async () => {
    const before = await end();
    const session = await two.join('feed-pages');
    for (let one = 0; one < 3; one++) await logout((await two.login('feed-pages@example.com')).accessToken);
    await logout(session.accessToken);
    const positions: number[] = [];
    for (let after = before, hasMore = true; hasMore;) {
      const { items, page: info } = await page(`?limit=2&after=${after}`);
      positions.push(...items.map(({ position }) => position));
      expect(info.nextAfter).toBe(items.at(-1)?.position ?? after);
      ({ nextAfter: after, hasMore } = info);
    }
    expect(positions).toHaveLength(new Set(positions).size);
    expect(positions.at(-1)).toBe(await end());
    for (const query of ['?after=-1', '?after=x', '?limit=0', '?limit=1001', '?after=1&after=2']) {
      await read(query).expect(400, /validation-failed/);
    }
  });

  it('misses nothing that is committed late: it comes with a higher position', async () => {
    const [slow, fast] = [await two.join('feed-slow'), await two.join('feed-fast')];
    const client = new pg.Client({ connectionString: roster.database.url });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query('UPDATE sessions SET ended_at = now() WHERE id = $1', [idOf(slow)]);
      await logout(fast.accessToken);
      const before = await end();
      await client.query('COMMIT');
      expect(await since(before)).toMatchObject([{ position: before + 1, sid: idOf(slow) }]);
    } finally {
      await client.end();
    }
  });

  it('keeps the positions of a batch that another server has not committed yet', async () => {
    const sessions = [await two.join('feed-batch-one'), await two.join('feed-batch-two')];
    const before = await end();
    const client = new pg.Client({ connectionString: roster.database.url });
    await client.connect();
    try {
      await logout(sessions[0]!.accessToken);
      await client.query('BEGIN');
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended('positions of the revocations', 2))");
      await client.query("UPDATE revocations SET position = nextval('revocation_positions') WHERE subject = $1", [
        idOf(sessions[0]!),
      ]);
      await logout(sessions[1]!.accessToken);
      const reading = since(before);
      await eventually(async () => (await countWaiting(roster.database)) > 0);
      await client.query('COMMIT');
      expect((await reading).map(({ position, sid }) => [position, sid])).toEqual(
        sessions.map((session, index) => [before + 1 + index, idOf(session)]),
      );
    } finally {
      await client.end();
    }
  });

  it('gives each revocation one position, also when many read at once', async () => {
    const sessions = await Promise.all(['a', 'b', 'c', 'd'].map((name) => two.join(`feed-many-${name}`)));
    const before = await end();
    const reading = Array.from({ length: 8 }, () => since(before));
    await Promise.all(sessions.map(({ accessToken }, index) => logout(accessToken, index % 2 ? other : roster)));
    await Promise.all(reading);
    const rows = await Promise.all(Array.from({ length: 8 }, () => since(before)));
    for (const read of rows) expect(read).toEqual(rows[0]);
    expect(rows[0]!.map(({ sid }) => sid).sort()).toEqual(sessions.map(idOf).sort());
    expect(rows[0]!.map(({ position }) => position)).toEqual([1, 2, 3, 4].map((step) => before + step));
  });
});

describe('a stream of revocations', () => {
  it('brings what comes after Last-Event-ID and then what happens, on either server', async () => {
    const [here, there] = [await two.join('stream-here'), await two.join('stream-there')];
    const before = await end();
    await logout(here.accessToken);
    const reader = await follow(String(before), '/auth/revocations?after=0');
    expect(reader.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
      'cache-control': expect.stringContaining('no-store'),
    });
    await reader.until('what was there', ({ events }) => events.length === 1);
    await logout(there.accessToken, other);
    await reader.until('what happened', ({ events }) => events.length === 2);
    expect(reader.events).toMatchObject([
      { id: String(before + 1), event: 'revocation', data: { sid: idOf(here), position: before + 1 } },
      { id: String(before + 2), event: 'revocation', data: { sid: idOf(there), position: before + 2 } },
    ]);
    reader.leave();
  });

  it('ends with the server', async () => {
    const third = await TwoRosters.start({ INTROSPECTION_TOKEN: SERVICE_TOKEN });
    const reader = await EventReader.open(third.one.url, { token: SERVICE_TOKEN, path: '/auth/revocations' });
    const stopped = third.stop();
    await reader.until('the end', ({ ended }) => ended);
    await stopped;
  });
});

describe('a reader that was away for too long', () => {
  it('is told to start anew, and then reads everything that is kept, which is more than a token lives', async () => {
    const [first, second] = [await two.join('away-one'), await two.join('away-two')];
    await logout((await two.login('away-one@example.com')).accessToken);
    const before = await end();
    await logout(first.accessToken);
    // The sweep leaves the newest of what is old enough.
    await logout((await two.login('away-one@example.com')).accessToken);
    await end();
    await roster.database.query("UPDATE revocations SET created_at = now() - interval '2 hours'");
    await logout(second.accessToken);
    await roster.app.get(SessionUpkeep, { strict: false }).sweep();
    for (const streaming of [false, true]) {
      const refused = read(`?after=${before}`).set('accept', streaming ? 'text/event-stream' : 'application/json');
      await refused.expect(410, /revocations-missed/);
    }
    await read('?after=999999999').expect(410, /revocations-missed/);
    const { items, page: info } = await page('?after=0');
    expect(items.map(({ sid }) => sid)).toContain(idOf(second));
    expect(items.map(({ sid }) => sid)).not.toContain(idOf(first));
    expect(info.keptForSeconds).toBe(3600);
    expect(await since(info.nextAfter)).toEqual([]);
    const longer = new RevocationFeed({ ACCESS_TOKEN_TTL: 24 * 3_600_000 } as never);
    expect(longer.keptForSeconds).toBeGreaterThan(24 * 3600);
  });
});
