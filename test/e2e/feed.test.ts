import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemContext } from '../../src/access/caller.js';
import { ClaimExpiry } from '../../src/auth/registration/claim-expiry.js';
import { Transactions } from '../../src/database/transaction.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { EventReader } from '../support/event-stream.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { tokenIn } from '../support/inbox.js';

interface Page {
  readonly items: Record<string, unknown>[];
  readonly page: { limit: number; nextAfter: number; latest: number };
  readonly _links: Record<string, { href: string }>;
}

let roster: Roster;
let admin: string;
const readers: EventReader[] = [];
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(async () => {
  for (const reader of readers) reader.leave();
  await roster.stop();
});

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const get = <T>(token: abstract new (...args: never[]) => T): T => roster.app.get(token as never, { strict: false });

async function page(query: Record<string, string | number> = {}): Promise<Page> {
  const { body } = await roster.api.get('/events').query(query).set(as(admin)).expect(200);
  return body as Page;
}

async function everything(query: Record<string, string | number> = {}): Promise<Page['items']> {
  const items: Page['items'] = [];
  for (let after = 0; ;) {
    const next = await page({ ...query, after });
    items.push(...next.items);
    if (next.page.nextAfter >= next.page.latest) return items;
    after = next.page.nextAfter;
  }
}

/** Waits until all that was written has its position. */
async function settled(): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const [row] = await roster.database.query<{ waiting: boolean }>(
      'SELECT EXISTS (SELECT FROM event_outbox) AS waiting',
    );
    if (!row?.waiting) return;
    await sleep(10);
  }
  throw new Error('Events still wait for their positions');
}

async function open(options: { token?: string; path?: string; lastEventId?: string } = {}): Promise<EventReader> {
  const reader = await EventReader.open(roster.url, { token: admin, ...options });
  readers.push(reader);
  return reader;
}

describe('the feed by page', () => {
  it('gives every event of the log once, in positions 1, 2, 3, ..., whole and readable', async () => {
    const { id } = await roster.join('ada@example.com', { firstName: 'Ada' });
    await settled();
    const items = await everything({ limit: 2 });
    expect(items.map(({ position }) => position)).toEqual(items.map((_, index) => index + 1));
    const [log] = await roster.database.query<{ ids: string[] }>(
      'SELECT array_agg(id ORDER BY id) AS ids FROM user_events',
    );
    expect(items.map((item) => item['id'] as string).sort()).toEqual(log?.ids);

    const own = items.filter(({ userId }) => userId === id);
    expect(own).toMatchObject([
      {
        type: 'user.created',
        userVersion: 1,
        data: { email: 'ada@example.com', firstName: 'Ada' },
        previousHash: null,
      },
      { type: 'user.verification_token.created', userVersion: 2, previousHash: own[0]?.['hash'] },
      { type: 'user.email_verified', userVersion: 3, actor: { kind: 'anonymous' }, data: { email: 'ada@example.com' } },
    ]);
    expect(own[0]).toEqual({
      position: expect.any(Number),
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      type: 'user.created',
      version: 1,
      userId: id,
      userVersion: 1,
      actor: { kind: 'anonymous' },
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      data: expect.any(Object),
      previousHash: null,
      hash: expect.stringMatching(/^[\w-]{43}$/),
    });
    const [stored] = await roster.database.query<{ hash: Buffer }>('SELECT hash FROM user_events WHERE id = $1', [
      own[0]?.['id'],
    ]);
    expect(own[0]?.['hash']).toBe(stored?.hash.toString('base64url'));
  });

  it('leads on by its links, also from where nothing is yet', async () => {
    const first = await roster.api.get('/events').query({ limit: 1 }).set(as(admin)).expect(200);
    expect((first.body as Page)._links).toEqual({
      self: { href: '/events?limit=1' },
      first: { href: '/events?limit=1' },
      next: { href: '/events?limit=1&after=1' },
    });
    expect(first.headers['link']).toBe('</events?limit=1&after=1>; rel="next", </events?limit=1>; rel="first"');
    expect(first.headers['cache-control']).toBe('no-store');

    const { page: end, items } = await page({ after: 'latest' });
    expect({ items, end }).toEqual({ items: [], end: { limit: 100, nextAfter: end.latest, latest: end.latest } });
    await roster.api.post('/auth/register').send({ email: 'later@example.com', password: PASSWORD }).expect(202);
    await settled();
    expect((await page({ after: end.latest })).items).toMatchObject([
      { type: 'user.created', position: end.latest + 1 },
      { type: 'user.verification_token.created', position: end.latest + 2 },
    ]);
    expect((await page({ after: 1_000_000 })).page).toMatchObject({ nextAfter: 1_000_000 });
  });

  it('can be of some types only, and refuses types that there are not', async () => {
    const all = await everything();
    const types = async (asked: string) => [...new Set((await everything({ types: asked })).map(({ type }) => type))];
    expect(await types('user.email_verified')).toEqual(['user.email_verified']);
    expect((await types('user.created,user.verification_token.*')).sort()).toEqual([
      'user.created',
      'user.verification_token.created',
    ]);
    expect(await everything({ types: 'user.*' })).toEqual(all);
    expect(await types('user.restored')).toEqual([]);
    const wrong = [
      'types=user.gone',
      'types=',
      'types=user.created,',
      'types=*',
      'types=user',
      'types=user.created&types=user.created',
    ];
    wrong.push('after=-1', 'after=1.5', 'after=', 'after=x', 'after=1&after=2', 'after=99999999999999999', 'limit=0');
    wrong.push('limit=1001', 'limit=', 'limit=ten', 'cursor=x', 'type=user.created');
    for (const query of wrong) {
      const { status, body } = await roster.api.get(`/events?${query}`).set(as(admin));
      expect({ query, status, code: body.code }).toEqual({ query, status: 400, code: 'validation-failed' });
    }
  });

  it('walks far past events of other types, a stretch at a time', async () => {
    const { page: before } = await page({ after: 'latest' });
    await roster.database.query(
      'INSERT INTO event_positions SELECT $1 + n, gen_random_uuid() FROM generate_series(1, 10001) AS n',
      [before.latest],
    );
    const one = await page({ after: before.latest, types: 'user.restored' });
    expect(one).toMatchObject({
      items: [],
      page: { nextAfter: before.latest + 10_000, latest: before.latest + 10_001 },
    });
    const two = await page({ after: one.page.nextAfter, types: 'user.restored' });
    expect(two).toMatchObject({ items: [], page: { nextAfter: before.latest + 10_001 } });
  });

  it('shows nothing personal of somebody whose key was destroyed', async () => {
    const email = 'twice@example.com';
    await roster.api.post('/auth/register').send({ email, password: PASSWORD, firstName: 'One' }).expect(202);
    const token = tokenIn(await roster.inbox.waitFor(email));
    await roster.api.post('/auth/register').send({ email, password: PASSWORD, firstName: 'Two' }).expect(202);
    await roster.api.post('/auth/verify-email').send({ token, newPassword: PASSWORD }).expect(200);
    await roster.database.query("UPDATE users SET created_at = now() - interval '8 days' WHERE pending");
    await get(ClaimExpiry).deleteExpired();
    await settled();
    const items = await everything();
    const erased = items.find(({ type }) => type === 'user.erased');
    expect(items.filter(({ userId }) => userId === erased?.['userId'])).toMatchObject([
      { type: 'user.created', data: { email: null, firstName: null, role: 'AUTHENTICATED', how: 'registration' } },
      { type: 'user.verification_token.created' },
      { type: 'user.erased', data: { reason: 'claim-expired' } },
    ]);
    expect(JSON.stringify(items)).toContain('"One"');
    expect(JSON.stringify(items)).not.toContain('"Two"');
  });

  it('never shows what was rolled back, and has no gap in its place', async () => {
    const { page: before } = await page({ after: 'latest' });
    const create = (email: string, fails: boolean) =>
      get(Transactions).run(async (tx) => {
        const context = systemContext('feed-test');
        const state = await get(UserStore).create(tx, { email, role: 'AUTHENTICATED', how: 'admin' }, context);
        if (fails) throw new Error('changed my mind');
        return state;
      });
    await expect(create('rolled-back@example.com', true)).rejects.toThrow('changed my mind');
    const { id } = await create('committed@example.com', false);
    await settled();
    expect((await page({ after: before.latest })).items).toMatchObject([{ position: before.latest + 1, userId: id }]);
  });

  it('is for ADMIN alone', async () => {
    const { id, token } = await roster.join('nosy@example.com');
    for (const accept of ['application/json', 'text/event-stream']) {
      await roster.api.get('/events').set('accept', accept).expect(401);
      await roster.api.get('/events').set('accept', accept).set(as(token)).expect(403);
      await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'MANAGER' });
      await roster.api.get('/events').set('accept', accept).set(as(token)).expect(403);
      await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'AUTHENTICATED' });
    }
  });
});

describe('the feed as a stream', () => {
  it('brings what is there and what comes, and goes on after Last-Event-ID', async () => {
    const reader = await open({ path: '/events?types=user.*' });
    expect(reader.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-trace-id': expect.any(String),
    });
    await settled();
    const past = await everything();
    await reader.until('the past', ({ events }) => events.length >= past.length);
    expect(reader.events.map(({ data }) => data)).toEqual(past);
    expect(reader.events.map(({ id, event }) => [id, event])).toEqual(
      past.map((e) => [String(e['position']), e['type']]),
    );

    const { id } = await roster.join('live@example.com');
    const isOf = ({ data }: { data: Record<string, unknown> }) => data['userId'] === id;
    await reader.until('the live events', ({ events }) => events.filter(isOf).length === 3);
    const [created, ...rest] = reader.events.filter(isOf);
    // Last-Event-ID counts, not `after`: a reader repeats the address that it began with.
    const resumed = await open({ path: '/events?after=0', lastEventId: created!.id });
    await resumed.until('the rest', ({ events }) => events.length >= rest.length);
    expect(resumed.events.filter(isOf)).toEqual(rest);
    expect(resumed.events[0]).toEqual(rest[0]);
  });

  it('can be of some types, or of what is yet to come; it refuses a Last-Event-ID that is none', async () => {
    const reader = await open({ path: '/events?after=latest&types=user.email_verified' });
    await reader.until('where it stands', ({ lastId }) => lastId !== '');
    const { id } = await roster.join('typed@example.com');
    await reader.until('the event', ({ events }) => events.length > 0);
    expect(reader.events).toMatchObject([{ event: 'user.email_verified', data: { userId: id } }]);
    for (const bad of ['x', '-1', '1.5', '99999999999999999']) {
      const refused = await open({ lastEventId: bad });
      expect({ bad, status: refused.response.statusCode }).toEqual({ bad, status: 400 });
    }
  });

  it('ends when its reader is no longer an admin, or is signed out', async () => {
    const people = [await roster.join('demoted@example.com'), await roster.join('ended@example.com')] as const;
    for (const { id } of people) {
      await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'ADMIN' }).expect(200);
    }
    const [demoted, signedOut] = await Promise.all(
      people.map(({ token }) => open({ token, path: '/events?after=latest' })),
    );
    await roster.api.put(`/users/${people[0].id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    await roster.database.query('UPDATE sessions SET ended_at = now() WHERE user_id = $1', [people[1].id]);
    await demoted!.until('the end of the demoted', ({ ended }) => ended);
    await signedOut!.until('the end of the signed out', ({ ended }) => ended);
    expect(demoted!.response.complete).toBe(true);
    await open({ token: people[0].token }).then(({ response }) => expect(response.statusCode).toBe(403));
    await open({ token: people[1].token }).then(({ response }) => expect(response.statusCode).toBe(401));
  });
});
