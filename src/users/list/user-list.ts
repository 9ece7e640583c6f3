import { Forbidden } from '../../access/access-errors.js';
import type { Rank } from '../../access/policy.js';
import type { Transaction } from '../../database/transaction.js';
import { type Cursor, readCursor } from '../../http/pagination/cursor.js';
import { isInstantKey } from '../../http/request/date-time.js';
import { isBackward, keysetPage } from '../../http/pagination/keyset-page.js';
import { UserEntity } from '../store/user.entity.js';
import type { ListUsersQuery, UserSort } from '../api/users.dto.js';
import { isOfMost, keyAhead, type SortColumn } from './stretch.js';
import { type Filters, filtersOf, hasAll, type Matching, matching, patternsOf, type Wanted } from './user-filters.js';

export interface UserListPage {
  readonly users: readonly UserEntity[];
  /** Null at the end of the list. */
  readonly nextCursor: string | null;
  readonly prevCursor: string | null;
  /** Only if requested. */
  readonly total?: number;
}

interface SortKey {
  /** Verbatim as in the index of migration ListUsers. */
  readonly sql: string;
  /** Stands for a missing value, and sorts before every other. */
  readonly none: string | null;
  readonly of: (user: UserEntity) => string | null;
  readonly isKey: (key: string | null) => boolean;
  readonly column: Omit<SortColumn, 'none'>;
}

const SORT_KEYS: Readonly<Record<string, SortKey>> = {
  createdAt: {
    sql: 'created_at',
    none: null,
    of: ({ createdAt }) => createdAt.toISOString(),
    isKey: isInstantKey,
    column: { name: 'created_at', type: 'timestamptz' },
  },
  email: {
    sql: `coalesce(email_key, '') COLLATE "C"`,
    none: '',
    of: ({ emailKey }) => emailKey,
    isKey: () => true,
    column: { name: 'email_key', type: 'text', collation: 'C' },
  },
  lastLoginAt: {
    sql: `coalesce(last_login_at, '-infinity'::timestamptz)`,
    none: '-infinity',
    of: ({ lastLoginAt }) => lastLoginAt?.toISOString() ?? null,
    isKey: (key) => key === null || isInstantKey(key),
    column: { name: 'last_login_at', type: 'timestamptz' },
  },
};

// Columns that are neither shown to callers nor needed for cursors.
const LEFT_OUT: ReadonlySet<string> = new Set(['usernameKey', 'search', 'contacts']);

/**
 * One page of users, by keyset: a page far down costs as much as the first one, and users who are added or removed between two
 * requests cause no duplicates or gaps.
 * @param viewer the caller; nobody is found by what the viewer may not see of them
 * @param now decides who is currently locked
 * @throws Forbidden when deleted users are asked for and the viewer is not an ADMIN; ValidationFailed for a cursor of another list
 */
export async function listUsers(
  tx: Transaction,
  query: ListUsersQuery,
  viewer: Rank,
  now: Date,
): Promise<UserListPage> {
  if ((query.includeDeleted === true || query.status?.includes('DELETED')) && viewer.role !== 'ADMIN') {
    throw new Forbidden('Only an ADMIN can see deleted users.');
  }
  const order = orderOf(query.sort);
  const filters = filtersOf(query);
  const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor, { ...order, filters });

  const of = { filters, viewer, now };
  const total = query.count === 'exact' ? await matching(tx, of).getCount() : undefined;
  const found = await pageOf(tx, { ...of, order, cursor, limit: query.limit + 1 });
  const { rows: users, ...around } = keysetPage({
    found,
    limit: query.limit,
    cursor,
    frame: { sort: order.sort, filters },
    place: (user) => ({ key: order.key.of(user), id: user.id }),
  });
  return { users, ...around, ...(total !== undefined && { total }) };
}

interface Order {
  readonly sort: UserSort;
  readonly key: SortKey;
  readonly isKey: SortKey['isKey'];
  readonly descending: boolean;
}

function orderOf(sort: UserSort): Order {
  const descending = sort.startsWith('-');
  const key = SORT_KEYS[descending ? sort.slice(1) : sort];
  if (!key) throw new Error(`There is no order ${sort}`);
  return { sort, key, isKey: key.isKey, descending };
}

const FIRST_WALK = 2000;
// Walking this many users takes about as long as looking among them by two indexes.
const SHORT_WALK = 5000;
// Walking this many takes as long as fetching and sorting all matches of a term rare enough to need a longer walk.
const LONGEST_WALK = 15_000;

/**
 * The planner can only guess how many users match a term, and may walk half the table for it. So a short walk comes first. If it
 * does not find enough, its hit rate tells how many users must be looked at. Where they are many, the index of the order and the
 * one of the search tell together who of such a stretch matches, and only those are fetched; where they are too many, matches are
 * rare, and all of them are fetched and sorted.
 */
async function pageOf(tx: Transaction, page: PageRead): Promise<UserEntity[]> {
  const { filters, order, cursor, limit } = page;
  const rows = () => onSide(matching(tx, page), order, cursor);
  if (filters.search === undefined) {
    return ofSeveralLists(filters) ? byIds(tx, page, next(tx, page, limit)) : inOrder(rows(), order, cursor, limit);
  }
  const near = await walk(tx, page, FIRST_WALK);
  if (near.length === limit) return near;
  // Of as many as such a walk is likely to find anywhere: the fewer it found, the less that says.
  const enough = (FIRST_WALK * limit) / Math.max(near.length - 1.5 * Math.sqrt(near.length), 0);
  // The subquery keeps the planner from walking the order after all.
  const sorted = { ...order, key: { ...order.key, sql: `(SELECT ${order.key.sql})` } };
  const stretch = enough > SHORT_WALK ? await stretchOf(tx, page, enough, near.length / FIRST_WALK) : undefined;
  if (stretch ?? enough <= LONGEST_WALK) {
    const further = stretch
      ? await inOrder(rows().andWhere(stretch.sql, stretch.parameters), sorted, cursor, limit)
      : await walk(tx, page, Math.ceil(enough));
    if (further.length === limit) return further;
  }
  return inOrder(rows(), sorted, cursor, limit);
}

/** The condition for the next users in the order, about `length` of them, where it pays to look among those first. */
async function stretchOf(tx: Transaction, { filters, order, cursor }: PageRead, length: number, share: number) {
  if (!Number.isFinite(length) || !isOfMost(filters)) return undefined;
  const { key } = order;
  const descending = directionOf(order, cursor) === 'DESC';
  const from = cursor && (cursor.key ?? key.none);
  const end = await keyAhead(tx, { ...key.column, none: key.none }, { descending, from, length, share });
  return end === undefined ? undefined : { sql: `${key.sql} ${descending ? '>=' : '<='} :end`, parameters: { end } };
}

/** Matches among the next `length` users in the order, at most `limit` of them. */
async function walk(tx: Transaction, page: PageRead, length: number): Promise<UserEntity[]> {
  const { filters, order, cursor, limit } = page;
  const search = filters.search ?? [];
  const direction = directionOf(order, cursor);
  const passed = next(tx, { ...page, filters: { ...filters, search: undefined } }, length);
  const sql = `SELECT id FROM (${passed.sql}) passed WHERE ${hasAll(search)}
    ORDER BY sort_key ${direction}, id ${direction} LIMIT ${limit}`;
  return byIds(tx, page, { sql, parameters: { ...passed.parameters, ...patternsOf(search) } });
}

/** A query for some of the users of a page: at least `id`. */
interface Subquery {
  readonly sql: string;
  readonly parameters: Record<string, unknown>;
}

/**
 * The next users in the order, with `id`, `search` and `sort_key`. The indexes of the orders begin with `pending`, so each of the
 * two lists is walked on its own.
 */
function next(tx: Transaction, page: PageRead, length: number): Subquery {
  const { order, cursor } = page;
  const direction = directionOf(order, cursor);
  const lists = ofSeveralLists(page.filters) ? [false, true] : [undefined];
  const walks = lists.map((pending) =>
    onSide(matching(tx, { ...page, ...(pending !== undefined && { pending }) }), order, cursor)
      .select('"user".id', 'id')
      .addSelect('search', 'search')
      .addSelect(order.key.sql, 'sort_key')
      .orderBy(order.key.sql, direction)
      .addOrderBy('id', direction)
      .limit(length),
  );
  const all = walks.map((one) => `(${one.getQuery()})`).join(' UNION ALL ');
  const sql = `SELECT * FROM (${all}) walks ORDER BY sort_key ${direction}, id ${direction} LIMIT ${length}`;
  return { sql, parameters: walks[0]?.getParameters() ?? {} };
}

/** Whether registrations that wait and other users may both be among the matches. */
function ofSeveralLists({ status }: Filters): boolean {
  return Array.isArray(status);
}

function byIds(tx: Transaction, page: PageRead, { sql, parameters }: Subquery): Promise<UserEntity[]> {
  const ids = `SELECT id FROM (${sql}) chosen`;
  const having = tx.getRepository(UserEntity).createQueryBuilder('user').where(`"user".id IN (${ids})`);
  return inOrder(having.setParameters(parameters), page.order, page.cursor, page.limit);
}

interface PageRead extends Wanted {
  readonly order: Order;
  readonly cursor: Cursor | undefined;
  readonly limit: number;
}

/** Rows on the side of the cursor that it names. */
function onSide(rows: Matching, order: Order, cursor: Cursor | undefined): Matching {
  if (!cursor) return rows;
  const { key } = order;
  const isFalling = directionOf(order, cursor) === 'DESC';
  const comparison = (isFalling ? '<' : '>') + (cursor.side === 'from' || cursor.side === 'upTo' ? '=' : '');
  return rows.andWhere(`(${key.sql}, id) ${comparison} (:key, :id)`, { key: cursor.key ?? key.none, id: cursor.id });
}

async function inOrder(rows: Matching, order: Order, cursor: Cursor | undefined, limit: number): Promise<UserEntity[]> {
  const columns = rows.expressionMap.mainAlias?.metadata.columns.map(({ propertyName }) => propertyName) ?? [];
  const direction = directionOf(order, cursor);
  return rows
    .select(columns.filter((column) => !LEFT_OUT.has(column)).map((column) => `user.${column}`))
    .orderBy(order.key.sql, direction)
    .addOrderBy('id', direction)
    .limit(limit)
    .getMany();
}

function directionOf({ descending }: Order, cursor: Cursor | undefined): 'ASC' | 'DESC' {
  return descending !== isBackward(cursor) ? 'DESC' : 'ASC';
}
