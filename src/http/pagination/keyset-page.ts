import { type Cursor, type CursorFrame, writeCursor } from './cursor.js';

export interface KeysetPage<Row> {
  readonly rows: readonly Row[];
  /** Null at the end of the list. */
  readonly nextCursor: string | null;
  readonly prevCursor: string | null;
}

interface Read<Row> {
  /** In reading order, away from the cursor; one more than `limit` if the list continues. */
  readonly found: readonly Row[];
  readonly limit: number;
  readonly cursor: Cursor | undefined;
  readonly frame: Pick<CursorFrame<string>, 'sort' | 'filters'>;
  readonly place: (row: Row) => Pick<Cursor, 'key' | 'id'>;
}

/** Whether a page is read backwards. */
export function isBackward(cursor: Cursor | undefined): boolean {
  return cursor?.side === 'before' || cursor?.side === 'upTo';
}

/** The page in list order, with the cursors of its neighbours. */
export function keysetPage<Row>({ found, limit, cursor, frame, place }: Read<Row>): KeysetPage<Row> {
  const rows = found.slice(0, limit);
  const hasMore = found.length > limit;
  if (isBackward(cursor)) rows.reverse();

  const at = (side: Cursor['side'], { key, id }: Pick<Cursor, 'key' | 'id'>): string =>
    writeCursor({ key, id, sort: frame.sort, side }, frame.filters);
  const beside = (side: 'after' | 'before', row: Row | undefined): string | null => {
    if (row) return at(side, place(row));
    // Nothing is left on this side of the cursor: the page back includes the cursor's row.
    return cursor ? at(side === 'after' ? 'from' : 'upTo', cursor) : null;
  };
  return {
    rows,
    nextCursor: isBackward(cursor) || hasMore ? beside('after', rows.at(-1)) : null,
    prevCursor: (cursor && !isBackward(cursor)) || (cursor && hasMore) ? beside('before', rows[0]) : null,
  };
}
