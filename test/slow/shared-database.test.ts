import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startRoster } from '../support/roster.js';

const suffix = randomBytes(6).toString('hex');
const [reader, stranger, server] = [`reader_${suffix}`, `stranger_${suffix}`, `server_${suffix}`];
const SECRET_KEY = 'k3yZ'.repeat(12);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase('template0');
  await asSuperuser(`CREATE ROLE ${reader} LOGIN PASSWORD 'x'`);
  await asSuperuser(`CREATE ROLE ${stranger} LOGIN PASSWORD 'x'`);
  await asSuperuser(`CREATE ROLE ${server} LOGIN PASSWORD 'x'`);
});
afterAll(async () => {
  await database.drop();
  for (const role of [reader, stranger, server]) await asSuperuser(`DROP ROLE ${role}`);
});

function urlAs(username: string, pathname?: string): string {
  const url = new URL(database.url);
  url.username = username;
  if (username !== 'postgres') url.password = 'x';
  if (pathname !== undefined) url.pathname = pathname;
  return url.href;
}

async function query(url: string, sql: string): Promise<object[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client
    .query<object>(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

const asSuperuser = (sql: string, pathname = '/postgres') => query(urlAs('postgres', pathname), sql);

describe('A database that Roster shares with others', () => {
  it('stays open to roles that hold something in it, and closes to those that only came in', async () => {
    await database.query('CREATE TABLE orders (id int)');
    await database.query(`GRANT SELECT ON orders TO ${reader}`);
    await query(urlAs(stranger), 'SELECT 1');
    expect(await runCommand(['migrate'], { DATABASE_URL: database.url, SECRET_KEY })).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await query(urlAs(reader), 'SELECT count(*)::int FROM orders')).toEqual([{ count: 0 }]);
    await expect(query(urlAs(reader), 'SELECT * FROM users')).rejects.toMatchObject({ code: '42501' });
    await expect(query(urlAs(stranger), 'SELECT 1')).rejects.toMatchObject({ code: '42501' });
  });

  it('is left as somebody opens it again', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`GRANT CONNECT ON DATABASE ${name} TO PUBLIC`);
    expect(await runCommand(['migrate'], { DATABASE_URL: database.url, SECRET_KEY })).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await query(urlAs(stranger), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is as good when it is not Roster’s to close, and the start says who can do it how', async () => {
    const other = await createTestDatabase('template0');
    const name = new URL(other.url).pathname.slice(1);
    await asSuperuser(`ALTER DATABASE ${name} OWNER TO postgres`);
    await asSuperuser(`GRANT CREATE ON DATABASE ${name} TO ${server}`);
    await asSuperuser(`GRANT CREATE ON SCHEMA public TO ${server}`, `/${name}`);
    const url = urlAs(server, `/${name}`);
    const migrated = await runCommand(['migrate'], { DATABASE_URL: url, SECRET_KEY });
    expect(migrated.code).toBe(0);
    expect(migrated.stderr).toContain(`REVOKE TEMPORARY, CONNECT ON DATABASE ${name} FROM PUBLIC`);
    expect(migrated.stderr).toContain('REVOKE USAGE ON SCHEMA public FROM PUBLIC');
    const roster = await startRoster({ DATABASE_URL: url }, [], other);
    await roster.join('ada@example.com');
    await roster.app.close();
    await roster.inbox.down();
    await asSuperuser(`DROP DATABASE ${name} WITH (FORCE)`);
  });
});
