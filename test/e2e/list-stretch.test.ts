import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Transactions } from '../../src/database/transaction.js';
import { keyAhead, type SortColumn } from '../../src/users/list/stretch.js';
import { queriesOf } from '../support/query-cost.js';
import { type Roster, startRoster } from '../support/roster.js';
import { idsOf, type Lists, listsOf } from '../support/user-lists.js';
import { insertUserRows } from '../support/user-rows.js';

// A search for what one user in 42 has, pages of 100: the first walk finds 47 or 48 of 2,000.
const USERS = 12_000;
const ONE_IN = 42;
const LIMIT = 100;
const START = Date.UTC(2025, 0, 1);
const SECOND = 1000;

let roster: Roster;
let list: Lists['list'];
let walk: Lists['walk'];
/** In the order of their creation. */
const needles: { id: string; created: number; email: number; signIn: number }[] = [];

beforeAll(async () => {
  roster = await startRoster();
  ({ list, walk } = listsOf(roster, await roster.signIn()));
  const BATCH = 4000;
  for (let start = 0; start < USERS; start += BATCH) {
    const places = Array.from({ length: BATCH }, (_, index) => {
      const created = start + index;
      // Every order begins with somebody else.
      return { created, email: (created + 5000) % USERS, signIn: (created + 9000) % USERS };
    });
    const ids = await insertUserRows(
      roster.database,
      places.map(({ created, email, signIn }) => ({
        nickname: created % ONE_IN === 0 ? 'needle' : 'hay',
        email: `user-${String(email).padStart(5, '0')}@stretch.example`,
        createdAt: new Date(START + created * SECOND),
        // A third has never signed in.
        lastLoginAt: signIn < USERS / 3 ? null : new Date(START + signIn * SECOND),
      })),
    );
    places.forEach((place, index) => {
      if (place.created % ONE_IN === 0) needles.push({ id: ids[index]!, ...place });
    });
  }
  await roster.database.query('ANALYZE users');
}, 120_000);
afterAll(() => roster.stop());

const PLACES = {
  createdAt: ({ created }: (typeof needles)[number]) => created,
  email: ({ email }: (typeof needles)[number]) => email,
};
const CREATED = { name: 'created_at', type: 'timestamptz', none: null };
const ahead = (column: SortColumn, of: Parameters<typeof keyAhead>[2]) =>
  roster.app.get(Transactions, { strict: false }).run((tx) => keyAhead(tx, column, of));
const read = (length: number, share: number, descending = true, from?: string) =>
  ahead(CREATED, { descending, from, length, share });
const placeOf = (key: string | undefined) => (Date.parse(key!) - START) / SECOND;

describe('a search for what some have', () => {
  it.each(['createdAt', '-createdAt', 'email', '-email'])('finds all in order, there and back, by %s', async (sort) => {
    const placed = PLACES[sort.replace('-', '') as keyof typeof PLACES];
    const expected = [...needles].sort((one, other) => placed(one) - placed(other)).map(({ id }) => id);
    if (sort.startsWith('-')) expected.reverse();
    const there = await walk({ sort, search: 'needle', limit: LIMIT });
    expect(idsOf(there)).toEqual(expected);
    const back = await walk({ sort, search: 'needle', limit: LIMIT, cursor: there.at(-1)!.page.prevCursor! }, 'prev');
    expect(idsOf([...back.reverse(), there.at(-1)!])).toEqual(expected);
  });

  it.each(['lastLoginAt', '-lastLoginAt'])('finds all by %s, also those who never signed in', async (sort) => {
    const expected = needles
      .map(({ id, signIn }) => ({ id, key: signIn < USERS / 3 ? -1 : signIn }))
      .sort((one, other) => one.key - other.key || (one.id < other.id ? -1 : 1))
      .map(({ id }) => id);
    if (sort.startsWith('-')) expected.reverse();
    expect(idsOf(await walk({ sort, search: 'needle', limit: LIMIT }))).toEqual(expected);
  });

  it.each([
    ['-createdAt', 'created_at >= $'],
    ['email', `coalesce(email_key, '') COLLATE "C" <= $`],
  ])('looks through a stretch of the order by %s, and not at all who match', async (sort, condition) => {
    const sent = await queriesOf(roster.app, () => list({ sort, search: 'needle', limit: LIMIT }));
    const searches = sent.filter(({ sql }) => sql.includes('search LIKE'));
    expect(searches).toHaveLength(2);
    expect(searches[1]!.sql).toContain(condition);
  });

  it('goes on where the stretch has too few', async () => {
    // The newest have it as often as before, and then nobody for long.
    await roster.database.query(
      `UPDATE users SET search = replace(search, 'needle', 'noodle') WHERE created_at BETWEEN $1 AND $2`,
      [new Date(START + 2000 * SECOND), new Date(START + 9900 * SECOND)],
    );
    const expected = needles.filter(({ created }) => created < 2000 || created > 9900).reverse();
    expect(idsOf(await walk({ sort: '-createdAt', search: 'needle', limit: 90 }))).toEqual(
      expected.map(({ id }) => id),
    );
  });
});

describe('the end of a stretch', () => {
  it('is about as many users away as were asked for', async () => {
    // A hundredth of them is as exact as the histogram is.
    expect(Math.abs(placeOf(await read(3000, 1)) - 9000)).toBeLessThan(250);
    expect(Math.abs(placeOf(await read(3000, 1, false)) - 3000)).toBeLessThan(250);
    const from = new Date(START + 6000 * SECOND).toISOString();
    expect(Math.abs(placeOf(await read(3000, 1, true, from)) - 3000)).toBeLessThan(250);
    expect(Math.abs(placeOf(await read(3000, 1, false, from)) - 9000)).toBeLessThan(250);
  });

  it('is none beyond the last user, and none where few match', async () => {
    expect(await read(3000, 1, true, new Date(START + 2000 * SECOND).toISOString())).toBeUndefined();
    expect(await read(3000, 0.001)).toBeUndefined();
  });

  it('is none where very many have the same key', async () => {
    const signedIn = { name: 'last_login_at', type: 'timestamptz', none: '-infinity' };
    const of = { from: undefined, length: 3000, share: 0.015 };
    expect(Math.abs(placeOf(await ahead(signedIn, { ...of, descending: true })) - 9000)).toBeLessThan(250);
    expect(await ahead(signedIn, { ...of, descending: false })).toBeUndefined();
  });

  it('is none where PostgreSQL knows nothing, as before it has analysed the table', async () => {
    const unknown = { ...CREATED, name: 'nobody_knows' };
    expect(await ahead(unknown, { descending: true, from: undefined, length: 3000, share: 1 })).toBeUndefined();
  });
});
