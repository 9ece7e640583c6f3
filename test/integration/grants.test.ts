import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { replay } from '../../src/operator/replay.js';
import { verify } from '../../src/operator/verify.js';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Roster, startRoster } from '../support/roster.js';
import { withOperatorContext, SILENT } from '../support/operator-context.js';

// The role of the tests owns the schema; this one is the server's.
const role = `server_${randomBytes(6).toString('hex')}`;
// Nobody granted this one anything.
const stranger = `Stranger ${randomBytes(6).toString('hex')}`;

let database: TestDatabase;
let applicationUrl: string;
let roster: Roster;
let application: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase('template0');
  await asSuperuser(`CREATE ROLE ${role} LOGIN PASSWORD 'server'`);
  await asSuperuser(`CREATE ROLE "${stranger}" LOGIN PASSWORD 'server'`);
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
  await asSuperuser(`DROP ROLE "${stranger}"`);
});

/** The embedded PostgreSQL has one password for its superuser and for `roster`. */
async function asSuperuser(sql: string): Promise<void> {
  await withClient({ username: 'postgres', pathname: '/postgres' }, (client) => client.query(sql));
}

/** Over a connection to this database, but for what is said otherwise. */
async function withClient<T>(
  where: { readonly username: string; readonly password?: string; readonly pathname?: string },
  work: (client: pg.Client) => Promise<T>,
  given = database.url,
): Promise<T> {
  const url = Object.assign(new URL(given), where);
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  return work(client).finally(() => client.end());
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
    expect(await withOperatorContext(environment, (place) => replay(place, options))).toMatchObject({
      differed: 2,
      unsettled: [],
    });
    expect((await withOperatorContext(environment, (place) => verify(place, options))).faults).toEqual([]);
  });
});

describe('A role that nobody granted anything', () => {
  const ours = `nspname IN ('public', 'graphile_worker')`;
  const noExtension = (oid: string) => `NOT EXISTS (SELECT FROM pg_depend WHERE objid = ${oid} AND deptype = 'e')`;
  const RELATIONS = `
    SELECT pg_class.oid::regclass::text AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE ${ours} AND relkind IN ('r', 'p', 'v', 'm', 'S') ORDER BY 1`;
  const ROUTINES = `
    SELECT pg_proc.oid::regprocedure::text AS name, prosecdef AS definer, coalesce(proconfig, '{}') AS settings,
      pg_proc.oid::regproc || '(' || array_to_string(ARRAY(
        SELECT '(SELECT NULL::' || format_type(type, NULL) || ')' FROM unnest(proargtypes) AS type), ', ') || ')' AS call
    FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE ${ours} AND prokind = 'f' AND prorettype <> 'trigger'::regtype AND ${noExtension('pg_proc.oid')} ORDER BY 1`;

  it('cannot connect', async () => {
    const refused = withClient({ username: stranger, password: 'server' }, (client) => client.query('SELECT 1'));
    await expect(refused).rejects.toMatchObject({ code: '42501' });
  });

  it('has no right on the database, a schema, a table, a sequence, a function or a type', async () => {
    const rights = await database.query(
      `SELECT 'database' AS what, datname::text AS name, right_
       FROM pg_database, unnest(ARRAY['CONNECT', 'CREATE', 'TEMPORARY']) AS right_
       WHERE datname = current_database() AND has_database_privilege($1, oid, right_)
       UNION ALL
       SELECT 'schema', nspname, right_ FROM pg_namespace, unnest(ARRAY['USAGE', 'CREATE']) AS right_
       WHERE ${ours} AND has_schema_privilege($1, oid, right_)
       UNION ALL
       SELECT 'table', pg_class.oid::regclass::text, right_
       FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace,
         unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS right_
       WHERE ${ours} AND relkind IN ('r', 'p', 'v', 'm') AND has_table_privilege($1, pg_class.oid, right_)
       UNION ALL
       SELECT 'sequence', pg_class.oid::regclass::text, right_
       FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace, unnest(ARRAY['SELECT', 'UPDATE', 'USAGE']) AS right_
       WHERE ${ours} AND relkind = 'S' AND has_sequence_privilege($1, pg_class.oid, right_)
       UNION ALL
       SELECT 'function', pg_proc.oid::regprocedure::text, 'EXECUTE'
       FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
       WHERE ${ours} AND ${noExtension('pg_proc.oid')} AND has_function_privilege($1, pg_proc.oid, 'EXECUTE')
       UNION ALL
       SELECT 'type', pg_type.oid::regtype::text, 'USAGE' FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace
       WHERE ${ours} AND typtype IN ('b', 'd', 'e') AND typelem = 0 AND ${noExtension('pg_type.oid')}
         AND has_type_privilege($1, pg_type.oid, 'USAGE')`,
      [stranger],
    );
    expect(rights).toEqual([]);
  });

  it('is refused each of them when it tries, also where somebody lets it into the schemas', async () => {
    await withClient({ username: 'postgres' }, async (client) => {
      const names = async (sql: string) => (await client.query<{ name: string; call: string }>(sql)).rows;
      const tables = await names(RELATIONS);
      const routines = await names(ROUTINES);
      expect(tables.length).toBeGreaterThan(30);
      expect(routines.map(({ name }) => name)).toContain('keep_auth_event_months(interval)');
      expect(routines.length).toBeGreaterThan(5);
      const tries = [
        'CREATE TABLE public.mine ()',
        ...tables.flatMap(({ name }) => [`SELECT * FROM ${name}`, `LOCK TABLE ${name} IN SHARE MODE`]),
        ...routines.map(({ call }) => `SELECT ${call}`),
      ];
      await client.query('BEGIN');
      await client.query(`GRANT USAGE ON SCHEMA public, graphile_worker TO "${stranger}"`);
      await client.query(`SET LOCAL ROLE "${stranger}"`);
      const outcomes = new Map<string, string>();
      for (const sql of tries) {
        await client.query('SAVEPOINT one');
        const code = await client.query(sql).then(
          () => 'done',
          (error: unknown) => (error as { code?: string }).code ?? 'failed',
        );
        await client.query('ROLLBACK TO SAVEPOINT one');
        outcomes.set(sql, code);
      }
      await client.query('ROLLBACK');
      // A sequence cannot be locked, whoever asks.
      expect([...outcomes].filter(([, code]) => code !== '42501' && code !== '42809')).toEqual([]);
    });
  });

  it('finds no function that runs as its owner with the search path of its caller', async () => {
    const routines = await database.query<{ name: string; definer: boolean; settings: string[] }>(ROUTINES);
    const definers = routines.filter(({ definer }) => definer);
    expect(definers.map(({ name }) => name)).toEqual(['keep_auth_event_months(interval)']);
    for (const { settings } of definers) expect(settings).toContain('search_path=public, pg_temp');
  });

  it('is not given what a later migration makes', async () => {
    await database.query('CREATE FUNCTION made_later() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$');
    const [later] = await database.query(`SELECT has_function_privilege($1, 'made_later()', 'EXECUTE') AS may`, [
      stranger,
    ]);
    await database.query('DROP FUNCTION made_later()');
    expect(later).toEqual({ may: false });
  });
});

describe('Sign-in evidence', () => {
  it.each(['-100 years', '0', '1 second', '-infinity'])(
    'of the last month stays, though %s is asked for',
    async (kept) => {
      const months = () =>
        database.query(`SELECT inhrelid::regclass AS month FROM pg_inherits WHERE inhparent = 'auth_events'::regclass`);
      const before = await months();
      // PostgreSQL before 17 knows no endless interval.
      await application.query('SELECT keep_auth_event_months($1)', [kept]).catch((error: unknown) => {
        if ((error as { code?: string }).code !== '22007') throw error;
      });
      expect(await months()).toEqual(before);
      await roster.signIn();
    },
  );

  it('of months that are past goes', async () => {
    await database.query(
      `CREATE TABLE auth_events_2019_12 PARTITION OF auth_events FOR VALUES FROM ('2019-12-01 00:00Z') TO ('2020-01-01 00:00Z')`,
    );
    await application.query(`SELECT keep_auth_event_months('180 days')`);
    expect(await database.query(`SELECT to_regclass('auth_events_2019_12') AS month`)).toEqual([{ month: null }]);
  });
});
