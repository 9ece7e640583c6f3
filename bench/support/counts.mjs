/** `npm run bench -- --quick`, or `bench:peers`: fewer rounds and smaller counts, to see within minutes whether something broke. */
export const QUICK = process.env.BENCH_QUICK === '1' || process.argv.includes('--quick');

/** @returns what the environment says, else the smaller of the two when it has to be quick */
export function count(name, whole, quick) {
  return Number(process.env[name] ?? (QUICK ? quick : whole));
}

export const ROUNDS = count('BENCH_ROUNDS', 3, 1);
