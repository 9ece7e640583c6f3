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

/** How many rows of users PostgreSQL has read by going through the table, or through an index, in all connections. */
async function rowsRead(how: 'seq_tup_read' | 'idx_tup_fetch'): Promise<number> {
  // A connection tells what it did when it has been idle for a moment.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await roster.database.query('SELECT pg_stat_force_next_flush()');
  const [row] = await roster.database.query<{ rows: string }>(
    `SELECT ${how} AS rows FROM pg_stat_user_tables WHERE relname = 'users'`,
  );
  return Number(row!.rows);
}

describe('an address is found by an index among many users', () => {
  it('when it is registered, proved, signed in with and changed', async () => {
    const email = 'found@example.com';
    const before = await rowsRead('seq_tup_read');
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
    expect((await rowsRead('seq_tup_read')) - before).toBeLessThan(USERS);
  });

  it('among many that wait for their proof, before the statistics of PostgreSQL know of any', async () => {
    await roster.database.query('ALTER TABLE users SET (autovacuum_enabled = false)');
    await roster.database.query('DELETE FROM users WHERE pending');
    await roster.database.query('ANALYZE users');
    const createdAt = new Date();
    await insertUserRows(
      roster.database,
      Array.from({ length: USERS }, (_, index) => ({
        email: `waiting-${index}@example.com`,
        createdAt,
        pending: true,
      })),
    );
    const email = 'among-many@example.com';
    const before = await rowsRead('idx_tup_fetch');
    await post('register', { email, password: PASSWORD }).expect(202);
    await post('login', { identifier: email, password: PASSWORD }).expect(403);
    await post('resend-verification', { email }).expect(202);
    await post('magic-link/request', { email }).expect(202);
    expect((await rowsRead('idx_tup_fetch')) - before).toBeLessThan(USERS);
  });
});
