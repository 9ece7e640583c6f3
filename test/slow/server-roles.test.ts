import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startRoster } from '../support/roster.js';

// One with all that SQL and a URL take amiss.
const suffix = randomBytes(6).toString('hex');
const [first, second] = [`first_${suffix}`, `Second "server" ${suffix}`];
const SECRET_KEY = 'k3yZ'.repeat(12);
const quoted = (role: string) => `"${role.replaceAll('"', '""')}"`;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase('template0');
  for (const role of [first, second]) await asSuperuser(`CREATE ROLE ${quoted(role)} LOGIN PASSWORD 'x'`);
});
afterAll(async () => {
  await database.drop();
  for (const role of [first, second]) await asSuperuser(`DROP ROLE ${quoted(role)}`);
});

async function asSuperuser(sql: string): Promise<void> {
  const url = Object.assign(new URL(database.url), { username: 'postgres', pathname: '/postgres' });
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

const urlAs = (role: string) => Object.assign(new URL(database.url), { username: role, password: 'x' }).href;
const migrate = (environment: Record<string, string>) =>
  runCommand(['migrate'], { MIGRATION_DATABASE_URL: database.url, SECRET_KEY, ...environment });

describe('A role of a server that comes when the database is closed to those who were granted nothing', () => {
  it('is let in by migrating, and the server of the role before it goes on', async () => {
    expect(await migrate({ DATABASE_URL: urlAs(first) })).toMatchObject({ code: 0, stderr: '' });
    await expect(runCommand(['verify'], { DATABASE_URL: urlAs(second), SECRET_KEY })).resolves.toMatchObject({
      code: 1,
    });
    const old = await startRoster({ DATABASE_URL: urlAs(first) }, [], database);
    await old.join('before@example.com');
    expect(await migrate({ DATABASE_URL: urlAs(second) })).toMatchObject({ code: 0, stderr: '' });
    await old.join('meanwhile@example.com');
    await old.api.post('/auth/request-password-reset').send({ email: 'before@example.com' }).expect(202);
    await old.inbox.waitFor('before@example.com', 2);
    await old.app.close();
    await old.inbox.down();
    const young = await startRoster({ DATABASE_URL: urlAs(second) }, [], database);
    await young.join('after@example.com');
    await young.app.close();
    await young.inbox.down();
  });

  it('is let in where it is that of the direct way past a pooler', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`REVOKE CONNECT ON DATABASE ${name} FROM ${quoted(second)}`);
    const way = { DATABASE_URL: urlAs(first), DATABASE_DIRECT_URL: urlAs(second) };
    expect(await migrate(way)).toMatchObject({ code: 0, stderr: '' });
    expect(await runCommand(['verify'], { ...way, SECRET_KEY })).toMatchObject({ code: 0, stderr: '' });
  });

  it('is refused with the statement that lets it in, where the database is another’s to open', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`REVOKE CONNECT ON DATABASE ${name} FROM ${quoted(second)}`);
    await database.query('GRANT ALL ON SCHEMA public TO roster WITH GRANT OPTION');
    await asSuperuser(`ALTER DATABASE ${name} OWNER TO postgres`);
    await asSuperuser(`GRANT CONNECT, TEMPORARY, CREATE ON DATABASE ${name} TO roster`);
    const refused = await migrate({ DATABASE_URL: urlAs(second) });
    expect(refused.code).toBe(1);
    const statement = /run: (GRANT .*)/.exec(refused.stderr)?.[1] ?? '';
    expect(statement).toBe(`GRANT CONNECT, TEMPORARY ON DATABASE "${name}" TO ${quoted(second)}`);
    expect(refused.stderr).not.toContain('    at ');
    await asSuperuser(statement);
    expect(await migrate({ DATABASE_URL: urlAs(second) })).toMatchObject({ code: 0, stderr: '' });
    await asSuperuser(`ALTER DATABASE ${name} OWNER TO roster`);
  });
});
