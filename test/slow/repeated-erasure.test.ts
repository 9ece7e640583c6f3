import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthEvents } from '../../src/auth/sign-in-evidence/auth-events.js';
import { systemContext } from '../../src/access/caller.js';
import { eventually } from '../support/eventually.js';
import { type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const evidenceOf = (id: string) =>
  roster.database.query<{ type: string }>(
    'SELECT type FROM auth_events WHERE user_id = $1 AND ip IS NOT NULL ORDER BY occurred_at',
    [id],
  );

describe('An erasure', () => {
  it('is repeated after five minutes, for what a request that was under way has written since', async () => {
    const { id } = await roster.join('late@example.com');
    await roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204);
    expect(await evidenceOf(id)).toEqual([]);
    // As a sign-in that found the person before, and whose hash has taken its time.
    const context = { ...systemContext('late'), ip: '192.0.2.7', userAgent: 'late' };
    const events = roster.app.get(AuthEvents, { strict: false });
    await events.record(undefined, {
      type: 'login.failed',
      userId: id,
      method: 'password',
      reason: 'wrong-proof',
      context,
    });
    expect(await evidenceOf(id)).toEqual([{ type: 'login.failed' }]);

    const [job] = await roster.database.query<{ minutes: number }>(
      `SELECT round(extract(epoch FROM run_at - now()) / 60)::int AS minutes FROM graphile_worker.jobs
       WHERE task_identifier = 'users.erase-again'`,
    );
    expect(job).toEqual({ minutes: 5 });
    await roster.database.query('UPDATE graphile_worker._private_jobs SET run_at = now()');
    await roster.database.query("SELECT pg_notify('jobs:insert', '{}')");
    await eventually(async () => (await evidenceOf(id)).length === 0);
  });
});
