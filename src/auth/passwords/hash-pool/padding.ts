/** Of bcrypt. */
const LOWEST_COST = 4;
const HIGHEST_COST = 15;

/** The costs of hashes that together have this many rounds, less the last few; none for a negative number. */
export function paddingFor(rounds: number): number[] {
  const costs: number[] = [];
  let left = rounds;
  for (let cost = HIGHEST_COST; cost >= LOWEST_COST; cost--) {
    while (left >= 2 ** cost) {
      costs.push(cost);
      left -= 2 ** cost;
    }
  }
  return costs;
}
