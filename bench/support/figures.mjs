/** @returns the value below which `share` of the numbers lie; null of none */
export function percentile(numbers, share) {
  if (numbers.length === 0) return null;
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

export const median = (numbers) => percentile(numbers, 0.5);

export const round = (number, digits = 2) => (number === null ? null : Number(number.toFixed(digits)));

/** The median of each figure over the rounds. */
export function mediansOf(rounds) {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const seen = rounds.map((figures) => figures[name]).filter((figure) => figure !== null);
      return [name, round(median(seen))];
    }),
  );
}
