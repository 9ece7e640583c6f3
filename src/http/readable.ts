/** A length of time that a person will read, in the words of their language. */
export class Duration {
  constructor(readonly milliseconds: number) {}
}

/** What a template gets: texts for a person in place of times and durations, and all else as it is. */
export function readable(values: object, locale: string): Record<string, unknown> {
  const shown = (value: unknown): unknown => {
    if (value instanceof Date) return readableTime(value, locale);
    return value instanceof Duration ? readableDuration(value.milliseconds, locale) : value;
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shown(value)]));
}

/** "21 November 2026, 09:14 UTC". @param locale a language tag (BCP 47); `en` alone is taken for British English */
export function readableTime(time: Date, locale = 'en'): string {
  const tag = tagOf(locale);
  const day = time.toLocaleDateString(tag, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  const clock = time.toLocaleTimeString(tag, { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
  return `${day}, ${clock} UTC`;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** "24 hours", "30 minutes": in the largest unit of which there are at least two, for "for one day" is taken for "today". */
export function readableDuration(milliseconds: number, locale = 'en'): string {
  const [unit, size] = UNITS.find(([, size]) => milliseconds >= 2 * size && milliseconds % size === 0) ?? [
    'second',
    1000,
  ];
  const count = Math.max(1, Math.round(milliseconds / size));
  return count.toLocaleString(tagOf(locale), { style: 'unit', unit, unitDisplay: 'long', useGrouping: false });
}

function tagOf(locale: string): string {
  return locale === 'en' ? 'en-GB' : locale;
}
