import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type Roster, startRoster } from '../support/roster.js';
import { type Answer, idsOf, type Item, type Lists, listsOf } from '../support/user-lists.js';
import { type GivenUser, insertUserRows } from '../support/user-rows.js';

let roster: Roster;
let admin: string;
let list: Lists['list'];
let refused: Lists['refused'];
let walk: Lists['walk'];

beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  ({ list, refused, walk } = listsOf(roster, admin));
});
afterAll(() => roster.stop());

const START = Date.UTC(2025, 0, 1);

/** Rows that were created a millisecond after each other, where nothing else is given. */
async function insert(users: readonly Partial<GivenUser>[]): Promise<string[]> {
  return insertUserRows(
    roster.database,
    users.map((given, index) => ({ createdAt: new Date(START + index), ...given })),
  );
}

const SORTS = ['createdAt', '-createdAt', 'email', '-email', 'lastLoginAt', '-lastLoginAt'];

describe('walking the list', () => {
  // Ten pages, as many users as it takes; `npm run test:soak` walks 100,000.
  const LIMIT = 20;
  const COUNT = 10 * LIMIT;
  let inserted: string[];
  beforeAll(async () => {
    inserted = await insert(
      Array.from({ length: COUNT }, (_, index) => ({
        // Many without an address or a sign-in, and many at the same moment: only the id tells them apart.
        email: index % 3 === 0 ? null : `Walker-${(index * 7919) % COUNT}@walk.example`,
        nickname: 'walker',
        lastLoginAt: index % 4 === 0 ? null : new Date(START + (index % 50) * 1000),
        createdAt: new Date(START + Math.floor(index / 40) * 1000),
      })),
    );
  });

  const keys: Record<string, (item: Item) => string> = {
    createdAt: ({ createdAt }) => createdAt,
    email: ({ email }) => email?.toLowerCase() ?? '',
    lastLoginAt: ({ lastLoginAt }) => lastLoginAt ?? '',
  };

  it.each(SORTS)('by %s shows everybody once, in order, there and back', async (sort) => {
    const query = { sort, search: 'WALKER', limit: LIMIT };
    const there = await walk(query);
    expect(there).toHaveLength(COUNT / LIMIT);
    const order = (item: Item) => `${keys[sort.replace('-', '')]!(item)} ${item.id}`;
    const items = there.flatMap((page) => page.items);
    const sorted = [...items].sort((one, other) => (order(one) < order(other) ? -1 : 1));
    expect(items).toEqual(sort.startsWith('-') ? sorted.reverse() : sorted);
    expect(idsOf(there).sort()).toEqual([...inserted].sort());

    const last = there.at(-1)!;
    const back = await walk({ ...query, cursor: last.page.prevCursor! }, 'prev');
    expect(idsOf([...back.reverse(), last])).toEqual(idsOf(there));
    expect(there[0]!.page.prevCursor).toBeNull();
    expect(back[0]!.page.prevCursor).toBeNull();
    expect(back[0]!.page.nextCursor).not.toBeNull();
  });

  it('misses and repeats nobody while others come and go, also when the rows of the cursor go', async () => {
    for (const sort of SORTS) {
      const come: string[] = [];
      const stay = new Set(inserted);
      const churn = async (ids: string[]) => {
        const gone = [ids.at(-1)!, ids[0]!, ...come.splice(0, 3)];
        for (const id of gone) stay.delete(id);
        await roster.database.query('DELETE FROM users WHERE id = ANY($1)', [gone]);
        come.push(
          ...(await insert(
            [0, 70, 130, 399].map((at) => ({
              nickname: 'walker',
              email: `walker-${at}x${uuidv7()}@walk.example`,
              createdAt: new Date(START + Math.floor(at / 40) * 1000),
            })),
          )),
        );
      };
      const pages: Answer[] = [await list({ sort, search: 'walker', limit: LIMIT })];
      while (pages.at(-1)!.page.nextCursor !== null) {
        await churn(idsOf([pages.at(-1)!]));
        pages.push(await list({ sort, search: 'walker', limit: LIMIT, cursor: pages.at(-1)!.page.nextCursor! }));
      }
      const seen = idsOf(pages);
      expect(new Set(seen).size).toBe(seen.length);
      expect([...stay].filter((id) => !seen.includes(id))).toEqual([]);
      const back = await walk({ sort, search: 'walker', limit: LIMIT, cursor: pages.at(-1)!.page.prevCursor! }, 'prev');
      const onTheWay = [...idsOf(back), ...idsOf([pages.at(-1)!])];
      expect(new Set(onTheWay).size).toBe(onTheWay.length);
      expect([...stay].filter((id) => !onTheWay.includes(id))).toEqual([]);
      inserted = [...stay];
    }
  }, 90_000);

  it('finds the way back from a page that has become empty, on either side', async () => {
    const ids = await insert(Array.from({ length: 6 }, (_, index) => ({ nickname: `vanish-${index}` })));
    const query = { sort: 'createdAt', search: 'vanish', limit: 2 };
    const [first, second, third] = await walk(query);
    await roster.database.query('DELETE FROM users WHERE id = ANY($1)', [ids.slice(4)]);
    const empty = await list({ ...query, cursor: second!.page.nextCursor! });
    expect(empty).toMatchObject({ items: [], page: { nextCursor: null } });
    expect(idsOf([await list({ ...query, cursor: empty.page.prevCursor! })])).toEqual(idsOf([second!]));
    expect(idsOf([third!])).toEqual(ids.slice(4));

    await roster.database.query('DELETE FROM users WHERE id = ANY($1)', [ids.slice(0, 2)]);
    const before = await list({ ...query, cursor: second!.page.prevCursor! });
    expect(before).toMatchObject({ items: [], page: { prevCursor: null } });
    expect(idsOf([await list({ ...query, cursor: before.page.nextCursor! })])).toEqual(idsOf([second!]));
    expect(idsOf([first!])).toEqual(ids.slice(0, 2));
  });

  it('tells the way in links and in the Link header (RFC 8288)', async () => {
    const query = { search: 'walker', limit: 3, sort: 'email' };
    const { headers, body } = await roster.api.get('/users').query(query).set('authorization', `Bearer ${admin}`);
    const { page, _links } = body as Answer;
    expect(_links['first']).toEqual({ href: '/users?search=walker&limit=3&sort=email' });
    expect(_links['self']).toEqual(_links['first']);
    expect(_links['prev']).toBeUndefined();
    expect(headers['link']).toBe(`<${_links['next']!.href}>; rel="next", <${_links['first']!.href}>; rel="first"`);
    const second = await roster.api.get(_links['next']!.href).set('authorization', `Bearer ${admin}`).expect(200);
    expect(second.body).toEqual(await list({ ...query, cursor: page.nextCursor! }));
    expect(second.headers['link']).toMatch(/rel="next", <.*>; rel="prev", <.*>; rel="first"$/);
  });
});

describe('search', () => {
  beforeAll(() =>
    insert([
      { nickname: 's1', firstName: 'José', lastName: 'García' },
      { nickname: 's2', firstName: 'JOSE', username: 'under_score' },
      { nickname: 's3', firstName: 'jose\u0301', email: 'STRASSE@search.example' },
      { nickname: 's4', lastName: 'Straße', username: 'underXscore' },
      { nickname: 's5', firstName: String.raw`50% 'off' \o/` },
      { nickname: 's6', firstName: 'Пётр', lastName: 'Ильич' },
      { nickname: 's7', firstName: 'Xueqin', lastName: 'Qi' },
      { nickname: 's8', firstName: '小龙', lastName: '李' },
      { nickname: 's9', firstName: 'राम', email: 'max@xn--mller-kva.search.example' },
      { nickname: 's10', firstName: 'रोम' },
    ]),
  );

  it.each([
    ['josé', ['s1', 's2', 's3']],
    ['JOSE', ['s1', 's2', 's3']],
    ['ose gar', ['s1']],
    ['  García ', ['s1']],
    ['strasse', ['s3', 's4']],
    ['STRAẞE', ['s3', 's4']],
    ['r_s', ['s2']],
    ['50%', ['s5']],
    ['%%%', []],
    ['___', []],
    ["'off'", ['s5']],
    [String.raw` \o/`, ['s5']],
    ["' OR 1=1 --", []],
    ['ПЕТР ИЛ', ['s6']],
    ['search.example\nstr', []],
    ['gar ose', ['s1']],
    ['GARCÍA JOSÉ', ['s1']],
    ['Qi', ['s7']],
    ['q', ['s7']],
    ['qi xue', ['s7']],
    ['李小龙', ['s8']],
    ['李', ['s8']],
    ['龙 李', ['s8']],
    ['राम', ['s9']],
    ['रोम', ['s10']],
    ['र', ['s9', 's10']],
    ['max@müller.search', ['s9']],
  ])('for %j finds %j', async (search, nicknames) => {
    const { items } = await list({ search, sort: 'createdAt' });
    expect(items.map((item) => (item as unknown as { nickname: string }).nickname)).toEqual(nicknames);
  });

  it('finds a user by every name right after a change of it', async () => {
    const { id, token } = await roster.join('zoë@search.example'.replace('ë', 'e'), {
      username: 'Zoë.Müller',
      firstName: 'Zoë',
    });
    for (const search of ['zoe@sea', 'zoe.mul', 'ZOË']) expect(idsOf([await list({ search })])).toEqual([id]);
    await roster.api
      .patch('/users/me')
      .set('authorization', `Bearer ${token}`)
      .send({ firstName: 'Chloé' })
      .expect(200);
    expect(idsOf([await list({ search: 'chloe' })])).toEqual([id]);
  });
});

describe('what is not a query', () => {
  it.each([
    ...['0', '101', '-1', '1.5', '1e1', '0x10', ' 5', '', 'ten', '99999999999999999999'].map(
      (value) => `limit=${value}`,
    ),
    ...['name', '', 'createdAt;', 'createdAt,id', '-', '--createdAt', 'CREATEDAT', '__proto__'].map((v) => `sort=${v}`),
    ...['', '%20%20', 'a%00bc', 'x'.repeat(101), 'x'.repeat(10_240), '%CC%81%CC%81%CC%81'].map((v) => `search=${v}`),
    ...['', 'x', 'null', 'W10', 'A'.repeat(3000), '..%2F..', '%00'].map((value) => `cursor=${value}`),
    ...['admin', 'ANONYMOUS', '', 'ADMIN,', ',ADMIN', 'ADMIN;MANAGER', 'ADMIN, MANAGER', 'ADMIN,ROOT'].map(
      (value) => `role=${value}`,
    ),
    ...['active', 'ERASED', '', 'ACTIVE,', 'ACTIVE,ERASED', 'ACTIVE%00'].map((value) => `status=${value}`),
    ...['1', 'TRUE', '', 'yes', 'constructor'].flatMap((value) => [
      `isProfessional=${value}`,
      `includeDeleted=${value}`,
      `emailVerified=${value}`,
      `hasSecondFactor=${value}`,
    ]),
    ...['now', '2026-11-21', '2026-02-30T00:00:00Z', '2026-11-21T00:00:00+01:00', '1'].flatMap((v) => [
      `createdAfter=${v}`,
      `createdBefore=${v}`,
      `lastLoginAfter=${v}`,
      `lastLoginBefore=${v}`,
    ]),
    ...['true', '', 'estimate'].map((value) => `count=${value}`),
    ...['limit=1&limit=2', 'search=adam&search=adam', 'sort=email&sort=email', 'status=ACTIVE&status=LOCKED'],
    ...[
      'createdAfter=2026-01-01T00:00:00Z&createdAfter=2026-01-01T00:00:00Z',
      'count=exact&count=exact',
      'cursor=a&cursor=b',
    ],
    ...['isProfessional=true&isProfessional=true', 'role=ADMIN&role=ADMIN'],
    ...['offset=10', 'limit[]=1', 'search[a]=adam', 'Limit=1', '__proto__=1', 'constructor=1', 'toString=1', 'a'],
  ])('%s is refused', (query) => refused(query));

  it('is a cursor of another order, other filters, cut or changed', async () => {
    const query = { search: 'walker', limit: 2, sort: 'email' };
    const cursor = (await list(query)).page.nextCursor!;
    expect((await list({ ...query, limit: 5, count: 'exact', cursor })).items).toHaveLength(5);
    await refused({ ...query, sort: '-email', cursor });
    await refused({ limit: 2, sort: 'email', cursor });
    await refused({ ...query, search: 'walkers', cursor });
    await refused({ ...query, role: 'AUTHENTICATED', cursor });
    await refused({ ...query, cursor: cursor.slice(0, -3) });
    const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    const forged = (index: number, value: unknown) =>
      Buffer.from(JSON.stringify(parts.with(index, value))).toString('base64url');
    await refused({ ...query, cursor: forged(3, 'nul\0') });
    await refused({ ...query, cursor: forged(4, "x' OR true --") });
    expect(idsOf([await list({ ...query, cursor: forged(3, "'; DROP TABLE users; --") })])).toHaveLength(2);
    const byTime = (await list({ limit: 1, sort: 'lastLoginAt' })).page.nextCursor!;
    const time = JSON.parse(Buffer.from(byTime, 'base64url').toString()) as unknown[];
    for (const value of ['infinity', 'now', '2026-11-21', '2026-02-30T00:00:00.000Z', 'x']) {
      const text = Buffer.from(JSON.stringify(time.with(3, value))).toString('base64url');
      await refused({ limit: 1, sort: 'lastLoginAt', cursor: text });
    }
  });
});
