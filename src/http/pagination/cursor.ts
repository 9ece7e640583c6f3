import { createHash } from 'node:crypto';
import { ValidationFailed } from '../request/validation.js';

/**
 * The side of a row on which a page lies, in list order: `after` and `before` exclude the row, `from` and `upTo` include it. The
 * latter two lead back from a page that turned out empty.
 */
export const SIDES = ['after', 'from', 'before', 'upTo'] as const;
export type Side = (typeof SIDES)[number];

/** Where a page begins. Neither secret nor trusted: a forged one yields a page that the caller could have reached anyway. */
export interface Cursor<Sort extends string = string> {
  readonly sort: Sort;
  readonly side: Side;
  /** The row's value of the sort key as text; null where it has none. */
  readonly key: string | null;
  readonly id: string;
}

/** What a cursor must match to be accepted. */
export interface CursorFrame<Sort extends string> {
  readonly sort: Sort;
  /** The filters of the list; a cursor is only valid for the same ones. */
  readonly filters: Readonly<Record<string, unknown>>;
  /** Whether the string is a possible value of the sort key. */
  readonly isKey: (key: string | null) => boolean;
}

/** In characters. */
export const LONGEST_CURSOR = 2000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const VERSION = 1;

/** An opaque string for the next request: base64url of JSON. */
export function writeCursor(cursor: Cursor, filters: CursorFrame<string>['filters']): string {
  const { sort, side, key, id } = cursor;
  return Buffer.from(JSON.stringify([VERSION, sort, side, key, id, fingerprint(filters)])).toString('base64url');
}

/** @throws ValidationFailed for a malformed cursor, or one of a different order or different filters */
export function readCursor<Sort extends string>(text: string, frame: CursorFrame<Sort>): Cursor<Sort> {
  const [version, sort, side, key, id, filters, ...rest] = parse(text);
  const isOurs =
    version === VERSION &&
    rest.length === 0 &&
    typeof sort === 'string' &&
    isSide(side) &&
    (key === null || (typeof key === 'string' && isPlain(key))) &&
    typeof id === 'string' &&
    UUID.test(id) &&
    typeof filters === 'string';
  if (!isOurs) throw refusal('is not a cursor of this list');
  if (sort !== frame.sort || filters !== fingerprint(frame.filters)) {
    throw refusal('belongs to a different sort order or different filters; start again without it');
  }
  if (!frame.isKey(key)) throw refusal('is not a cursor of this list');
  return { sort: frame.sort, side, key, id };
}

function parse(text: string): unknown[] {
  // Buffer is lenient about base64url; only its canonical form is accepted.
  const bytes = Buffer.from(text.slice(0, LONGEST_CURSOR), 'base64url');
  if (bytes.toString('base64url') !== text) return [];
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return Array.isArray(value) ? (value as unknown[]) : [];
  } catch {
    return [];
  }
}

function isSide(value: unknown): value is Side {
  return SIDES.some((side) => side === value);
}

/** PostgreSQL accepts no NUL, and UTF-8 has no lone surrogates. */
function isPlain(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function fingerprint(filters: CursorFrame<string>['filters']): string {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  const canonical = JSON.stringify(given.sort(([one], [other]) => (one < other ? -1 : 1)));
  return createHash('sha256').update(canonical).digest('base64url').slice(0, 16);
}

function refusal(message: string): ValidationFailed {
  return new ValidationFailed([{ path: 'cursor', message }]);
}
