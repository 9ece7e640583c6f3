const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** "24 hours", "30 minutes": in the largest unit of which there are at least two, for "for one day" is taken for "today". */
export function readableDuration(milliseconds: number): string {
  const [name, size] = UNITS.find(([, unit]) => milliseconds >= 2 * unit && milliseconds % unit === 0) ?? [
    'second',
    1000,
  ];
  const count = Math.max(1, Math.round(milliseconds / size));
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
