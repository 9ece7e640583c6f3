/** A duration that is formatted for a locale. */
export class Duration {
  constructor(readonly milliseconds: number) {}
}

/** Formats times and durations among the values of a template, at any depth; leaves all else unchanged. */
export function formatValues(values: object, locale: string): Record<string, unknown> {
  const shown = (value: unknown): unknown => {
    if (value instanceof Date) return formatTime(value, locale);
    if (value instanceof Duration) return formatDuration(value.milliseconds, locale);
    if (Array.isArray(value)) return value.map(shown);
    return isRecord(value) ? formatValues(value, locale) : value;
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shown(value)]));
}

/** Not of a class of its own, as ready markup is. */
function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

const dateFormat = madeOnce((tag) => {
  return new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
});
const clockFormat = madeOnce((tag) => {
  return new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
});

/** "21 November 2026, 09:14 UTC". @param locale a language tag (BCP 47); `en` alone means British English */
export function formatTime(time: Date, locale = 'en'): string {
  const tag = tagOf(locale);
  return `${dateFormat(tag).format(time)}, ${clockFormat(tag).format(time)} UTC`;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

const unitFormat = madeOnce((tag, unit) => {
  return new Intl.NumberFormat(tag, { style: 'unit', unit, unitDisplay: 'long', useGrouping: false });
});

/** "24 hours", "30 minutes": in the largest unit with a count of at least two, since "one day" could be read as "today". */
export function formatDuration(milliseconds: number, locale = 'en'): string {
  const [unit, size] = UNITS.find(([, size]) => milliseconds >= 2 * size && milliseconds % size === 0) ?? [
    'second',
    1000,
  ];
  return unitFormat(tagOf(locale), unit).format(Math.max(1, Math.round(milliseconds / size)));
}

/** The locale whose formats are meant: `en` alone means British English. */
export function tagOf(locale: string): string {
  return locale === 'en' ? 'en-GB' : locale;
}

/** Bounds the cache, as users choose their language tags freely. */
const MOST_FORMATS = 100;

/** Caches formats, which are much slower to create than to use. */
function madeOnce<Format>(make: (...names: string[]) => Format): (...names: string[]) => Format {
  const formats = new Map<string, Format>();
  return (...names) => {
    const key = names.join(' ');
    const format = formats.get(key) ?? make(...names);
    if (formats.size >= MOST_FORMATS) formats.clear();
    formats.set(key, format);
    return format;
  };
}
