import type { SelectQueryBuilder } from 'typeorm';
import { Forbidden } from '../../access/access-errors.js';
import type { UserRole } from '../../access/role.js';
import type { Transaction } from '../../database/transaction.js';
import { type Cursor, readCursor } from '../../http/pagination/cursor.js';
import { isInstantKey } from '../../http/request/date-time.js';
import { isBackward, keysetPage } from '../../http/pagination/keyset-page.js';
import { searchPatterns } from '../aggregate/search-text.js';
import { UserEntity } from '../store/user.entity.js';
import type { UserStatus } from '../api/user.response.js';
import type { ListUsersQuery, UserSort } from '../api/users.dto.js';

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
}

const SORT_KEYS: Readonly<Record<string, SortKey>> = {
  createdAt: {
    sql: 'created_at',
    none: null,
    of: ({ createdAt }) => createdAt.toISOString(),
    isKey: isInstantKey,
  },
  email: {
    sql: `coalesce(email_key, '') COLLATE "C"`,
    none: '',
    of: ({ emailKey }) => emailKey,
    isKey: () => true,
  },
  lastLoginAt: {
    sql: `coalesce(last_login_at, '-infinity'::timestamptz)`,
    none: '-infinity',
    of: ({ lastLoginAt }) => lastLoginAt?.toISOString() ?? null,
    isKey: (key) => key === null || isInstantKey(key),
  },
};

// Columns that are neither shown to callers nor needed for cursors.
const LEFT_OUT: ReadonlySet<string> = new Set(['usernameKey', 'search', 'contacts']);

/**
 * One page of users, by keyset: a page far down costs as much as the first one, and users who are added or removed between two
 * requests cause no duplicates or gaps.
 * @param now decides who is currently locked
 * @throws Forbidden when deleted users are asked for and `role` is not ADMIN; ValidationFailed for a cursor of another list
 */
export async function listUsers(
  tx: Transaction,
  query: ListUsersQuery,
  role: UserRole,
  now: Date,
): Promise<UserListPage> {
  if ((query.includeDeleted === true || query.status === 'DELETED') && role !== 'ADMIN') {
    throw new Forbidden('Only an ADMIN can see deleted users.');
  }
  const order = orderOf(query.sort);
  const filters = filtersOf(query);
  const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor, { ...order, filters });

  const total = query.count === 'exact' ? await filtered(tx, filters, now).getCount() : undefined;
  const found = await pageOf(tx, { filters, now, order, cursor, limit: query.limit + 1 });
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

type Filters = ReturnType<typeof filtersOf>;
type Matching = SelectQueryBuilder<UserEntity>;

/** The filters of the list; a cursor is bound to them. */
function filtersOf({ search, role, status, isProfessional, createdAfter, createdBefore, ...query }: ListUsersQuery) {
  return {
    search: search === undefined ? undefined : searchPatterns(search),
    role,
    status,
    isProfessional,
    createdAfter: createdAfter?.toISOString(),
    createdBefore: createdBefore?.toISOString(),
    includeDeleted: query.includeDeleted === true ? true : undefined,
  };
}

const IS_STATUS: Readonly<Record<UserStatus, string>> = {
  // Same rule as `statusOf`.
  DELETED: 'deleted_at IS NOT NULL',
  SUSPENDED: 'deleted_at IS NULL AND suspended_at IS NOT NULL',
  LOCKED: 'deleted_at IS NULL AND suspended_at IS NULL AND locked_until > :now',
  PENDING: 'pending AND deleted_at IS NULL AND suspended_at IS NULL AND (locked_until IS NULL OR locked_until <= :now)',
  ACTIVE:
    'NOT pending AND deleted_at IS NULL AND suspended_at IS NULL AND (locked_until IS NULL OR locked_until <= :now)',
};

function filtered(tx: Transaction, filters: Filters, now: Date): Matching {
  const builder = tx.getRepository(UserEntity).createQueryBuilder('user');
  if (filters.status !== undefined) builder.where(IS_STATUS[filters.status], { now });
  else builder.where(filters.includeDeleted ? 'NOT pending' : 'NOT pending AND deleted_at IS NULL');
  const { search, role, isProfessional, createdAfter, createdBefore } = filters;
  if (search !== undefined) builder.andWhere(hasAll(search), patternsOf(search));
  if (role !== undefined) builder.andWhere('role = :role', { role });
  // Not a parameter: the planner matches the partial index by its literal condition.
  if (isProfessional !== undefined) builder.andWhere(isProfessional ? 'is_professional' : 'NOT is_professional');
  if (createdAfter !== undefined) builder.andWhere('created_at > :createdAfter', { createdAfter });
  if (createdBefore !== undefined) builder.andWhere('created_at < :createdBefore', { createdBefore });
  return builder;
}

/** One condition per word, since `LIKE ALL` cannot use an index. */
function hasAll(patterns: readonly string[]): string {
  return patterns.map((_pattern, place) => `search LIKE :search${place}`).join(' AND ');
}

function patternsOf(patterns: readonly string[]): Record<string, string> {
  return Object.fromEntries(patterns.map((pattern, place) => [`search${place}`, pattern]));
}

const FIRST_WALK = 2000;
// Walking this many users takes as long as fetching and sorting all matches of a term rare enough to need a longer walk.
const LONGEST_WALK = 10_000;

/**
 * The planner can only guess how many users match a term, and may walk half the table for it. So a short walk comes first. If it
 * does not find enough, its hit rate tells how long a sufficient walk would be; where that is too long, matches are rare, and all
 * of them are fetched and sorted.
 */
async function pageOf(tx: Transaction, wanted: Wanted): Promise<UserEntity[]> {
  const { filters, now, order, cursor, limit } = wanted;
  const rows = () => onSide(filtered(tx, filters, now), order, cursor);
  if (filters.search === undefined) return inOrder(rows(), order, cursor, limit);

  const near = await walk(tx, wanted, FIRST_WALK);
  if (near.length === limit) return near;
  const enough = (FIRST_WALK * limit) / near.length;
  if (enough <= LONGEST_WALK) {
    // Half as long again, since matches may be less dense from here on.
    const further = await walk(tx, wanted, Math.ceil(1.5 * enough));
    if (further.length === limit) return further;
  }
  // The subquery keeps the planner from walking the order after all.
  const sorted = { ...order, key: { ...order.key, sql: `(SELECT ${order.key.sql})` } };
  return inOrder(rows(), sorted, cursor, limit);
}

/** Matches among the next `length` users in the order, at most `limit` of them. */
async function walk(tx: Transaction, wanted: Wanted, length: number): Promise<UserEntity[]> {
  const { filters, now, order, cursor, limit } = wanted;
  const search = filters.search ?? [];
  const direction = isFalling(order, cursor) ? 'DESC' : 'ASC';
  const passed = onSide(filtered(tx, { ...filters, search: undefined }, now), order, cursor)
    .select('"user".id', 'id')
    .addSelect('search', 'search')
    .addSelect(order.key.sql, 'sort_key')
    .orderBy(order.key.sql, direction)
    .addOrderBy('id', direction)
    .limit(length);
  const ids = `SELECT id FROM (${passed.getQuery()}) passed WHERE ${hasAll(search)}
    ORDER BY sort_key ${direction}, id ${direction} LIMIT ${limit}`;
  const having = tx.getRepository(UserEntity).createQueryBuilder('user').where(`"user".id IN (${ids})`);
  return inOrder(having.setParameters({ ...passed.getParameters(), ...patternsOf(search) }), order, cursor, limit);
}

interface Wanted {
  readonly filters: Filters;
  readonly now: Date;
  readonly order: Order;
  readonly cursor: Cursor | undefined;
  readonly limit: number;
}

/** Rows on the side of the cursor that it names. */
function onSide(matching: Matching, order: Order, cursor: Cursor | undefined): Matching {
  if (!cursor) return matching;
  const { key } = order;
  const comparison =
    (isFalling(order, cursor) ? '<' : '>') + (cursor.side === 'from' || cursor.side === 'upTo' ? '=' : '');
  return matching.andWhere(`(${key.sql}, id) ${comparison} (:key, :id)`, {
    key: cursor.key ?? key.none,
    id: cursor.id,
  });
}

async function inOrder(
  matching: Matching,
  order: Order,
  cursor: Cursor | undefined,
  limit: number,
): Promise<UserEntity[]> {
  const columns = matching.expressionMap.mainAlias?.metadata.columns.map(({ propertyName }) => propertyName) ?? [];
  const direction = isFalling(order, cursor) ? 'DESC' : 'ASC';
  return matching
    .select(columns.filter((column) => !LEFT_OUT.has(column)).map((column) => `user.${column}`))
    .orderBy(order.key.sql, direction)
    .addOrderBy('id', direction)
    .limit(limit)
    .getMany();
}

function isFalling({ descending }: Order, cursor: Cursor | undefined): boolean {
  return descending !== isBackward(cursor);
}
