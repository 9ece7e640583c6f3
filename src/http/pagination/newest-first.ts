import { type Cursor, type CursorFrame, readCursor, type Side } from './cursor.js';
import { isBackward, keysetPage } from './keyset-page.js';
import type { PageQuery } from './page.dto.js';
import type { PageRead } from './page-links.js';

// For a list in descending order.
const COMPARISONS = { after: '<', from: '<=', before: '>', upTo: '>=' } as const satisfies Record<Side, string>;

/** The rows to read: their order, maximum number, and comparison with the cursor's place. */
export interface PageRange {
  readonly order: 'ASC' | 'DESC';
  readonly limit: number;
  /** None for the first page. */
  readonly from: { readonly comparison: (typeof COMPARISONS)[Side]; readonly place: Place } | undefined;
}

/** The position of a row in its list. */
export type Place = Pick<Cursor, 'key' | 'id'>;

interface NewestFirst<Row, Item> extends CursorFrame<string> {
  readonly place: (row: Row) => Place;
  readonly find: (range: PageRange) => Promise<readonly Row[]>;
  readonly item: (row: Row) => Item;
}

/**
 * One page of a list, newest first, by keyset pagination: every page costs the same.
 * @throws ValidationFailed for a cursor of another list
 */
export async function newestFirst<Row, Item>(
  { limit, cursor: given }: PageQuery,
  { place, find, item, ...frame }: NewestFirst<Row, Item>,
): Promise<PageRead<Item>> {
  const cursor = given === undefined ? undefined : readCursor(given, frame);
  const found = await find({
    order: isBackward(cursor) ? 'ASC' : 'DESC',
    limit: limit + 1,
    from: cursor && { comparison: COMPARISONS[cursor.side], place: cursor },
  });
  const { rows, ...around } = keysetPage({ found, limit, cursor, frame, place });
  return { items: rows.map(item), ...around };
}
