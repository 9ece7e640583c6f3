import type { Transaction } from '../../database/transaction.js';
import type { Filters } from './user-filters.js';

/** The column that an order is by. */
export interface SortColumn {
  readonly name: string;
  readonly type: string;
  /** As the index of the order has it; undefined for that of the column. */
  readonly collation?: string;
  /** What the index has where there is none. */
  readonly none: string | null;
}

interface Ahead {
  readonly descending: boolean;
  /** The key where it begins; undefined for the beginning of the order. */
  readonly from: string | null | undefined;
  /** How many users it is to have. */
  readonly length: number;
  /** The share of all users who match: those would be fetched otherwise. */
  readonly share: number;
}

// At least as many entries of an order's index are read in the time in which a row is fetched that the index of the search has found.
const ENTRIES_A_ROW = 20;

/**
 * The key where a stretch of the order ends that has about as many users, by the histogram that ANALYZE keeps. That it is not exact
 * changes what a search costs, not what it finds.
 * @returns undefined where the order ends sooner, where nothing is known, and where a stretch so long costs more than it saves
 */
export async function keyAhead(
  tx: Transaction,
  { name, type, collation, none }: SortColumn,
  { descending, from, length, share }: Ahead,
): Promise<string | undefined> {
  const collated = collation === undefined ? '' : `COLLATE "${collation}"`;
  const [beyond, direction] = descending ? ['<', 'DESC'] : ['>', 'ASC'];
  const begun = from === undefined ? '' : `WHERE key ${collated} ${beyond}= $5::${type}`;
  // Of the column and not of the index of the order, since a role that does not own the table sees no more. Keys that many have, and
  // those who have none, are not in the histogram: they come on top. Without OFFSET, so that it is prepared: to plan a read of
  // pg_stats takes several times as long as the read.
  const found = await tx.query<{ key: string }[]>(
    `WITH known AS (
       SELECT histogram_bounds::text::${type}[] AS bounds,
         most_common_vals::text::${type}[] || $2::${type} AS common, most_common_freqs || null_frac AS shares
       FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'users' AND attname = $1
     ), ahead AS (
       SELECT key, cardinality(bounds) - 1 AS parts, 1 - (SELECT sum(one) FROM unnest(shares) AS one) AS rest,
         row_number() OVER (ORDER BY key ${collated} ${direction}) AS place
       FROM known, unnest(bounds) AS key ${begun}
     ), passed AS (
       SELECT key, share FROM known, unnest(common, shares) AS often (key, share) ${begun}
     )
     SELECT key::text AS key FROM ahead, pg_class
     WHERE pg_class.oid = 'users'::regclass AND reltuples > 0 AND rest > 0
       AND place = ceil($3::float8 / reltuples / rest * parts) + 1
       AND $3::float8 / reltuples < ${ENTRIES_A_ROW} * $4::float8 - (
         SELECT coalesce(sum(share), 0) FROM passed WHERE NOT passed.key ${collated} ${beyond} ahead.key)`,
    [name, none, length, share, ...(from === undefined ? [] : [from])],
  );
  return found[0]?.key;
}

/**
 * Whether most users match, leaving the search aside. Of fewer there are indexes, or a span of time, which the planner puts together
 * with the search by itself.
 */
export function isOfMost({
  role,
  status,
  isProfessional,
  emailVerified,
  hasSecondFactor,
  kind,
  ...spans
}: Filters): boolean {
  const { createdAfter, createdBefore, lastLoginAfter, lastLoginBefore } = spans;
  const narrow = [createdAfter, createdBefore, lastLoginAfter, lastLoginBefore, kind];
  return (
    narrow.every((one) => one === undefined) &&
    (role === undefined || role === 'AUTHENTICATED') &&
    (status === undefined || status === 'ACTIVE') &&
    isProfessional !== true &&
    hasSecondFactor !== true &&
    emailVerified !== false
  );
}
