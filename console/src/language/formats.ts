import type { Language } from './words.js';

/** The reader's own variant of a language, which decides on the order of dates: `en-GB` for somebody whose browser says so. */
export function localeOf(language: Language, tags: readonly string[] = navigator.languages): string {
  return tags.find((tag) => tag.split('-', 1)[0]?.toLowerCase() === language) ?? language;
}

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** One for each locale: to make one takes longer than to use it a hundred times. */
function formatOf<Format>(create: (locale: string) => Format): (locale: string) => Format {
  const known = new Map<string, Format>();
  return (locale) => {
    const format = known.get(locale) ?? create(locale);
    known.set(locale, format);
    return format;
  };
}

const relative = formatOf((locale) => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }));
const dateAndTime = formatOf((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }));
const decimal = formatOf((locale) => new Intl.NumberFormat(locale));

/** `3 minutes ago`, `in 2 days`; what is nearer than a minute is now. */
export function relativeTime(moment: Date, now: Date, locale: string): string {
  const format = relative(locale);
  const seconds = (moment.getTime() - now.getTime()) / 1000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return format.format(Math.trunc(seconds / length), unit);
  }
  return format.format(0, 'second');
}

/** Date and time in the reader's zone. */
export function localTime(moment: Date, locale: string): string {
  return dateAndTime(locale).format(moment);
}

/** To the second, as logs and databases write it: `2026-11-28 22:31:04 UTC`. */
export function exactUtc(moment: Date): string {
  return `${moment.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function formatNumber(value: number, locale: string): string {
  return decimal(locale).format(value);
}
