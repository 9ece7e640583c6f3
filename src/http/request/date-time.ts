/** The pattern of an RFC 3339 date-time, without `^` and `$`; portable across regular expression engines. */
export const DATE_TIME =
  '([0-9]{4})-(0[1-9]|1[0-2])-([0-9]{2})[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?' +
  '([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])';
/** In characters. */
export const LONGEST_DATE_TIME = '0000-00-00T00:00:00.123456789+00:00'.length;
const RFC_3339 = new RegExp(`^${DATE_TIME}$`);

// The range of both PostgreSQL and RFC 3339; a time zone offset can lead beyond it.
const FIRST = Date.parse('0001-01-01T00:00:00.000Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

/** An RFC 3339 date-time as an instant, to the millisecond; undefined if malformed or not an existing date. */
export function parseInstant(text: string): Date | undefined {
  const [, year, month, day] = RFC_3339.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const daysInMonth = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate();
  if (Number(day) < 1 || Number(day) > daysInMonth) return undefined;
  return new Date(Math.min(LAST, Math.max(FIRST, Date.parse(text.toUpperCase()))));
}

/** Whether the key of a cursor is an instant in the format of lists, which PostgreSQL always accepts, unlike every date that JavaScript does. */
export function isInstantKey(key: string | null): boolean {
  return key !== null && parseInstant(key)?.toISOString() === key;
}
