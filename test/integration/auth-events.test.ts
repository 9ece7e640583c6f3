import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { AuthEvents } from '../../src/auth/sign-in-evidence/auth-events.js';
import { systemContext } from '../../src/access/caller.js';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let events: AuthEvents;
beforeAll(async () => {
  roster = await startRoster();
  events = roster.app.get(AuthEvents, { strict: false });
});
afterAll(() => roster.stop());

const from = (ip: string) => ({ ...systemContext('trace'), actor: { kind: 'anonymous' } as const, ip });
const rows = (userId: string | null) =>
  roster.database.query<{ type: string; times: number; ip: string }>(
    'SELECT type, times, host(ip) AS ip FROM auth_events WHERE user_id IS NOT DISTINCT FROM $1 ORDER BY occurred_at',
    [userId],
  );
const total = (found: readonly { times: number }[]) => found.reduce((sum, { times }) => sum + times, 0);

it('counts failures of a minute in one row, and everything else one by one', async () => {
  const userId = uuidv7();
  const failed = { type: 'login.failed', userId, method: 'password', reason: 'wrong-password' } as const;
  await Promise.all(
    Array.from({ length: 50 }, (_, i) => events.record(undefined, { ...failed, context: from(`10.0.0.${i}`) })),
  );
  for (let round = 0; round < 2; round++) {
    await events.record(undefined, { type: 'session.ended', userId, reason: 'signed-out', context: from('10.0.0.1') });
  }
  const found = await rows(userId);
  expect(total(found.filter(({ type }) => type === 'login.failed'))).toBe(50);
  // The minute may have turned meanwhile.
  expect(found.filter(({ type }) => type === 'login.failed').length).toBeLessThanOrEqual(2);
  expect(found.filter(({ type }) => type === 'session.ended')).toHaveLength(2);
});
