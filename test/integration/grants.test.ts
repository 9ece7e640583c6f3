import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { replay } from '../../src/operator/replay.js';
import { verify } from '../../src/operator/verify.js';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Roster, startRoster } from '../support/roster.js';
import { atWork, SILENT } from '../support/workplace.js';

// The role of the tests owns the schema; this one is the server's.
const role = `server_${randomBytes(6).toString('hex')}`;

let database: TestDatabase;
let applicationUrl: string;
let roster: Roster;
let application: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase('template0');
  await asSuperuser(`CREATE ROLE ${role} LOGIN PASSWORD 'server'`);
  const url = new URL(database.url);
  [url.username, url.password] = [role, 'server'];
  applicationUrl = url.href;
  const environment = {
    DATABASE_URL: applicationUrl,
    MIGRATION_DATABASE_URL: database.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
  };
  expect(await runCommand(['migrate'], environment)).toMatchObject({ code: 0, stderr: '' });
  // Again, as at every start.
  expect(await runCommand(['migrate'], environment)).toMatchObject({ code: 0, stderr: '' });
  roster = await startRoster({ DATABASE_URL: applicationUrl }, [], database);
  application = new pg.Client({ connectionString: applicationUrl });
  await application.connect();
});
afterAll(async () => {
  await application.end();
  await roster.stop();
  await asSuperuser(`DROP ROLE ${role}`);
});

/** The embedded PostgreSQL has one password for its superuser and for `roster`. */
async function asSuperuser(sql: string): Promise<void> {
  const url = new URL(database.url);
  [url.username, url.pathname] = ['postgres', '/postgres'];
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

describe('A server with a role of its own, beside the one that owns the schema', () => {
  it('registers, mails, signs in and changes users', async () => {
    const { id } = await roster.join('ada@example.com');
    const admin = await roster.signIn();
    await roster.api
      .put(`/users/${id}/role`)
      .set('authorization', `Bearer ${admin}`)
      .send({ role: 'MANAGER' })
      .expect(200);
    const backends = await database.query<{ usename: string }>(
      "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'roster%'",
    );
    expect(backends).toEqual([{ usename: role }]);
  });

  it.each([
    "UPDATE user_events SET type = 'x'",
    'DELETE FROM user_events',
    'TRUNCATE user_events',
    'ALTER TABLE user_events DISABLE TRIGGER user_events_append_only',
    'ALTER TABLE user_events DISABLE TRIGGER ALL',
    'DROP TRIGGER user_events_append_only ON user_events',
    'DROP TABLE user_events',
    'CREATE RULE quiet AS ON INSERT TO user_events DO INSTEAD NOTHING',
    'INSERT INTO migrations (timestamp, name) VALUES (1, $$x$$)',
    'TRUNCATE users CASCADE',
    'SET session_replication_role = replica',
  ])('may not %s', async (sql) => {
    await expect(application.query(sql)).rejects.toMatchObject({
      code: '42501',
      message: expect.not.stringMatching(/append-only/),
    });
  });

  it('may verify and replay', async () => {
    const environment = { DATABASE_URL: applicationUrl };
    await database.query("UPDATE users SET nickname = 'mallory'");
    const options = { dryRun: false, limit: 1, progress: SILENT };
    expect(await atWork(environment, (place) => replay(place, options))).toMatchObject({ differed: 2, unsettled: [] });
    expect((await atWork(environment, (place) => verify(place, options))).faults).toEqual([]);
  });
});
