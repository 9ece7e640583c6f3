import { RATE_RULES, type RateRuleName } from '../../src/access/limit.decorator.js';
import { RateLimits } from '../../src/auth/rate-limits/rate-limits.js';
import type { Roster } from './roster.js';

/** Leaves a client no point of a rule; the last one is consumed as a request consumes it, the thousands before are only written down. */
export async function useUp({ app, database }: Roster, rule: RateRuleName, ip: string): Promise<void> {
  const limits = app.get(RateLimits, { strict: false });
  const rows = () =>
    database.query<{ key: string; points: number }>('SELECT key, points FROM rate_limits WHERE starts_with(key, $1)', [
      `${rule}:`,
    ]);
  const before = new Map((await rows()).map(({ key, points }) => [key, points]));
  await limits.consumeForClient(rule, ip);
  const [mine, ...others] = (await rows()).filter(({ key, points }) => before.get(key) !== points);
  if (!mine || others.length > 0) throw new Error(`Somebody else consumes ${rule} as well`);
  const almost = [mine.key, RATE_RULES[rule].times - 1];
  await database.query('UPDATE rate_limits SET points = $2 WHERE key = $1', almost);
  await limits.consumeForClient(rule, ip);
}
