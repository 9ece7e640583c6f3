import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Does something on a server with this setting, and gives the algorithms of the stored passwords. */
async function served(algorithm: string, act: (roster: Roster) => Promise<unknown>): Promise<string[]> {
  const kept = { ...database, drop: () => Promise.resolve() };
  const roster = await startRoster({ PASSWORD_HASH: algorithm }, [], kept);
  try {
    await act(roster);
  } finally {
    await roster.stop();
  }
  const rows = await database.query<{ scheme: string }>(
    `SELECT split_part(hash, ':', 1) AS scheme FROM password_credentials ORDER BY scheme`,
  );
  return rows.map(({ scheme }) => scheme);
}

it('A change of PASSWORD_HASH reaches each account at its next sign-in, either way', async () => {
  const [bcrypt, argon2id] = ['bcrypt-hmac-sha384', 'argon2id-hmac-sha384'];
  expect(await served('bcrypt', (roster) => roster.join('ada@example.com'))).toEqual([bcrypt, bcrypt]);
  const signIn = (roster: Roster) => roster.signIn('ada@example.com', PASSWORD);
  expect(await served('argon2id', signIn)).toEqual([argon2id, bcrypt]);
  const both = async (roster: Roster) => {
    await signIn(roster);
    await roster.signIn(ADMIN.email, ADMIN.password);
    await roster.join('bob@example.com');
    const wrong = { identifier: 'ada@example.com', password: 'a wrong one' };
    await roster.api.post('/auth/login').send(wrong).expect(401);
  };
  expect(await served('argon2id', both)).toEqual([argon2id, argon2id, argon2id]);
  expect(await served('bcrypt', signIn)).toEqual([argon2id, argon2id, bcrypt]);
});
