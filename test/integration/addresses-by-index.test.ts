import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { insertUserRows } from '../support/user-rows.js';

const USERS = 5000;
const CHOSEN = 'a password for this door alone';

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster({ LOCKOUT_THRESHOLD: '1000' });
  const createdAt = new Date(Date.now() - 30 * 86_400_000);
  await insertUserRows(
    roster.database,
    Array.from({ length: USERS }, (_, index) => ({ email: `user-${index}@example.com`, createdAt })),
  );
  await roster.database.query('ANALYZE');
});
afterAll(() => roster.stop());

const post = (path: string, body: object) => roster.api.post(`/auth/${path}`).send(body);

/** How many rows of users PostgreSQL has read by going through the table, in all connections. */
async function walked(): Promise<number> {
  // A connection tells what it did when it has been idle for a moment.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await roster.database.query('SELECT pg_stat_force_next_flush()');
  const [row] = await roster.database.query<{ rows: string }>(
    "SELECT seq_tup_read AS rows FROM pg_stat_user_tables WHERE relname = 'users'",
  );
  return Number(row!.rows);
}

describe('an address is found by an index among many users', () => {
  it('when it is registered, proved, signed in with and changed', async () => {
    const email = 'found@example.com';
    const before = await walked();
    await post('register', { email, password: PASSWORD }).expect(202);
    await post('login', { identifier: email, password: PASSWORD }).expect(403);
    const link = tokenIn(await roster.inbox.waitFor(email));
    await post('verify-email', { token: link, newPassword: CHOSEN }).expect(200);
    await post('login', { identifier: email, password: PASSWORD }).expect(403);
    await post('login', { identifier: 'nobody@example.com', password: PASSWORD }).expect(401);
    const { body } = await post('login', { identifier: email, password: CHOSEN }).expect(200);
    const { accessToken, user } = body as { accessToken: string; user: { id: string } };
    const as = { authorization: `Bearer ${accessToken}` };
    const asked = { newEmail: 'found-elsewhere@example.com', currentPassword: CHOSEN };
    await roster.api.put(`/users/${user.id}/email`).set(as).send(asked).expect(202);
    const change = tokenIn(await roster.inbox.waitFor(asked.newEmail));
    await roster.api.post('/auth/confirm-email-change').set(as).send({ token: change }).expect(200);
    expect((await walked()) - before).toBeLessThan(USERS);
  });
});
