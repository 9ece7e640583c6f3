import pg from 'pg';

/** Adds so many users, who share a password. @returns as many of them, with what they sign in by */
export async function seedPeople(ground, count) {
  const printed = await ground.seed(count);
  const password = /Their password: (\S+)/.exec(printed)?.[1];
  const client = new pg.Client(ground.databaseUrl);
  await client.connect();
  const { rows } = await client.query("SELECT email FROM users WHERE role = 'AUTHENTICATED' LIMIT $1", [count]);
  await client.end();
  return rows.map(({ email }) => ({ email, password }));
}
