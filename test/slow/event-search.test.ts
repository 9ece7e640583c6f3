import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventReader } from '../support/event-stream.js';
import { eventually } from '../support/eventually.js';
import { costOf, queriesOf } from '../support/query-cost.js';
import { ADMIN, type Roster, startRoster } from '../support/roster.js';

interface Item {
  readonly position: number;
  readonly id: string;
  readonly type: string;
  readonly userId: string;
  readonly actor: { readonly kind: string; readonly id?: string };
  readonly occurredAt: string;
}
interface Page {
  readonly items: Item[];
  readonly page: { latest: number; nextAfter: number; nextCursor: string | null; prevCursor: string | null };
  readonly _links: Record<string, { href: string }>;
}

let roster: Roster;
let admin: { id: string; token: string };
let ada: { id: string; token: string };
const people: string[] = [];
beforeAll(async () => {
  roster = await startRoster();
  const token = await roster.signIn();
  admin = { id: String((await roster.api.get('/users/me').set(as(token)).expect(200)).body.id), token };
  ada = await roster.join('ada@example.com', { firstName: 'Ada' });
  for (let n = 0; n < 6; n++) {
    const made = await roster.api
      .post('/users')
      .set(as(token))
      .send({ firstName: `Person ${n}` })
      .expect(201);
    people.push(String(made.body.id));
  }
  await roster.api.post(`/users/${ada.id}/suspend`).set(as(token)).send({ reason: 'Spam.' }).expect(200);
  await roster.api.post(`/users/${ada.id}/reinstate`).set(as(token)).expect(200);
  await settled();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const settled = () =>
  eventually(async () => (await roster.database.query('SELECT FROM event_outbox LIMIT 1')).length === 0);

async function get(path: string): Promise<Page> {
  return (await roster.api.get(path).set(as(admin.token)).expect(200)).body as Page;
}
const newest = (query = '') => get(`/events?sort=-occurredAt${query}`);
const positions = ({ items }: Page) => items.map(({ position }) => position);

describe('the log, newest first', () => {
  it('is the feed in reverse, in pages that lead both ways', async () => {
    const feed = await get('/events?limit=1000');
    const expected = positions(feed).reverse();
    expect(positions(await newest('&limit=1000'))).toEqual(expected);

    const forward: number[][] = [];
    let page = await newest('&limit=3');
    expect(page.page).toMatchObject({ latest: expected[0], nextAfter: expected[0], prevCursor: null });
    for (;;) {
      forward.push(positions(page));
      if (!page._links['next']) break;
      page = await get(page._links['next'].href);
    }
    expect(forward.flat()).toEqual(expected);
    expect(page.page.nextCursor).toBeNull();
    const back = [forward.at(-1)];
    while (page._links['prev']) {
      page = await get(page._links['prev'].href);
      if (page.items.length > 0) back.unshift(positions(page));
    }
    expect(back.flat()).toEqual(expected);
    expect((await get('/events?limit=1')).page).toEqual({ limit: 1, nextAfter: 1, latest: expected[0] });
  });

  it('is of some types, of a person, and by an actor, each with the others', async () => {
    const { items: all } = await newest('&limit=1000');
    const ids = (items: readonly Item[]) => items.map(({ id }) => id);
    const check = async (query: string, keeps: (item: Item) => boolean) => {
      const kept = ids(all.filter(keeps));
      expect({ query, ids: ids((await newest(`&limit=1000${query}`)).items) }).toEqual({ query, ids: kept });
      expect(kept.length).toBeGreaterThan(0);
      // In small pages, too.
      const small: Item[] = [];
      for (let page = await newest(`&limit=2${query}`); ;) {
        small.push(...page.items);
        if (!page._links['next']) break;
        page = await get(page._links['next'].href);
      }
      expect(ids(small)).toEqual(kept);
    };
    const byAdmin = ({ actor }: Item) => actor.id === admin.id;
    await check('&types=user.created', ({ type }) => type === 'user.created');
    await check('&types=user.suspended,user.reinstated', ({ type }) => /suspended|reinstated/.test(type));
    await check(`&userId=${ada.id}`, ({ userId }) => userId === ada.id);
    await check(`&userId=${ada.id.toUpperCase()}&types=user.suspended`, (item) => item.type === 'user.suspended');
    await check(`&actorId=${admin.id}`, byAdmin);
    await check(
      `&actorId=${admin.id.toUpperCase()}&types=user.created`,
      (i) => byAdmin(i) && i.type === 'user.created',
    );
    await check(`&actorId=${admin.id}&userId=${ada.id}`, (item) => byAdmin(item) && item.userId === ada.id);
    const { occurredAt } = all.find(({ type }) => type === 'user.suspended')!;
    await check(`&occurredBefore=${occurredAt}`, (item) => item.occurredAt < occurredAt);
    await check(`&occurredAfter=${occurredAt}`, (item) => item.occurredAt > occurredAt);
    await check(
      `&userId=${ada.id}&occurredBefore=${occurredAt}`,
      (i) => i.userId === ada.id && i.occurredAt < occurredAt,
    );
    expect((await newest('&userId=019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071')).items).toEqual([]);
    expect((await newest('&types=user.restored')).items).toEqual([]);
  });

  it('filters the feed and the stream by person and actor as well', async () => {
    const feed = await get('/events?limit=1000');
    const about = await get(`/events?limit=1000&userId=${ada.id}&actorId=${admin.id}`);
    expect(positions(about)).toEqual(
      positions({ ...feed, items: feed.items.filter((i) => i.userId === ada.id && i.actor.id === admin.id) }),
    );
    expect(about.items.map(({ type }) => type)).toEqual(['user.suspended', 'user.reinstated']);
    const reader = await EventReader.open(roster.url, {
      token: admin.token,
      path: `/events?after=${(await newest()).page.nextAfter}&userId=${people[1]!}`,
    });
    for (const id of [people[0]!, people[1]!]) {
      await roster.api.patch(`/users/${id}`).set(as(admin.token)).send({ bio: 'New.' }).expect(200);
    }
    await reader.until('the event', ({ events }) => events.length > 0);
    expect(reader.events.map(({ data }) => data['userId'])).toEqual([people[1]]);
    reader.leave();
  });

  it('refuses what belongs to the other order, and ids that are none', async () => {
    const { page } = await newest('&limit=1');
    const wrong = [
      'sort=-occurredAt&after=1',
      'sort=-occurredAt&after=latest',
      `cursor=${page.nextCursor!}`,
      'occurredAfter=2026-01-01T00:00:00Z',
      'occurredBefore=2026-01-01T00:00:00Z',
      'sort=occurredAt',
      'sort=-occurredAt&cursor=x',
      `sort=-occurredAt&types=user.created&cursor=${page.nextCursor!}`,
      'sort=-occurredAt&userId=x',
      'sort=-occurredAt&actorId=x',
      'sort=-occurredAt&occurredBefore=yesterday',
    ];
    for (const query of wrong) {
      const { status, body } = await roster.api.get(`/events?${query}`).set(as(admin.token));
      expect({ query, status, code: (body as { code: string }).code }).toEqual({
        query,
        status: 400,
        code: 'validation-failed',
      });
    }
  });
});

describe('a session by cookie', () => {
  it('reads the stream, as EventSource does, until it ends', async () => {
    const signedIn = await roster.api
      .post('/auth/login')
      .send({ identifier: ADMIN.email, password: ADMIN.password, session: 'cookie' })
      .expect(200);
    const cookie = (signedIn.headers['set-cookie'] as unknown as string[]).map((one) => one.split(';')[0]).join('; ');
    const reader = await EventReader.open(roster.url, { cookie, path: '/events?after=latest' });
    expect(reader.response.statusCode).toBe(200);
    await roster.api.patch(`/users/${people[2]!}`).set(as(admin.token)).send({ bio: 'Live.' }).expect(200);
    await reader.until('the event', ({ events }) => events.length > 0);
    expect(reader.events[0]).toMatchObject({ event: 'user.updated', data: { userId: people[2] } });
    await roster.api.post('/auth/logout').set({ cookie, origin: 'http://localhost:3000' }).expect(204);
    await reader.until('its end', ({ ended }) => ended);
    expect(reader.response.complete).toBe(true);
    const again = await EventReader.open(roster.url, { cookie });
    expect(again.response.statusCode).toBe(401);
  });
});

describe('in a log of many events', () => {
  const MANY = 12_000;

  beforeAll(async () => {
    // One in a thousand is rare, and one in three of one actor. The outbox is emptied as the sequencer would.
    await roster.database.query(
      `WITH made AS (
         INSERT INTO user_events (id, user_id, user_version, type, schema_version, actor, trace_id, occurred_at, data, key_id, hash)
         SELECT gen_random_uuid(), $1, 1000 + n, CASE WHEN n % 1000 = 0 THEN 'user.restored' ELSE 'user.deleted' END, 1,
           CASE WHEN n % 3 = 0 THEN jsonb_build_object('kind', 'user', 'id', $2::text, 'role', 'ADMIN') ELSE '{"kind": "system"}' END,
           'many', timestamptz '2026-01-01' + n * interval '1 second', '{}', (SELECT key_id FROM user_events LIMIT 1), '\\x00'
         FROM generate_series(1, ${MANY}) AS n RETURNING id)
       SELECT count(*) FROM made`,
      [people[5]!, people[4]!],
    );
    await settled();
    await roster.database.query('ANALYZE user_events, event_positions');
  });

  const cost = async (query: string) => {
    const queries = await queriesOf(roster.app, () => newest(query));
    const search = queries.find(({ sql }) => sql.includes('event_positions WHERE event_id = event.id'));
    return costOf(roster.database, search!);
  };

  it.each([
    ['everything', () => ''],
    ['a frequent type', () => '&types=user.deleted'],
    ['a rare type', () => '&types=user.restored'],
    ['an actor', () => `&actorId=${people[4]!}`],
    ['a rare type by an actor', () => `&actorId=${people[4]!}&types=user.restored`],
    ['a type that never was', () => '&types=user.email_changed'],
    ['a person', () => `&userId=${people[5]!}`],
  ])('a page of %s costs what it holds, first or deep', async (_, query) => {
    const first = await cost(`&limit=20${query()}`);
    expect(first.rows).toBeLessThan(600);
    let page = await newest(`&limit=1000${query()}`);
    for (let turn = 0; turn < 3 && page._links['next']; turn++) page = await get(page._links['next'].href);
    if (page.page.nextCursor === null) return;
    const deep = await cost(`&limit=20${query()}&cursor=${page.page.nextCursor}`);
    expect(deep.rows).toBeLessThan(600);
  });
});
