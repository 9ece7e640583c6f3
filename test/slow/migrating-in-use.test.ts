import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { givingWay } from '../../src/database/give-way.js';
import { explainedMigration } from '../../src/database/migration-failure.js';
import { type CommandResult, runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';

const LONG_MS = 10_000;
const SECRET_KEY = 'k3yZ'.repeat(12);

/** A database, and a session of somebody else in it. */
interface InUse {
  readonly database: TestDatabase;
  readonly other: pg.Client;
}

async function open(): Promise<InUse> {
  const database = await createTestDatabase();
  const other = new pg.Client({ connectionString: database.url, application_name: 'report' });
  await other.connect();
  return { database, other };
}

async function close({ database, other }: InUse): Promise<void> {
  await other.end();
  await database.drop();
}

/** Back to the schema that a migration, and those after it, find. */
async function goBefore(migration: string, database: TestDatabase): Promise<void> {
  const files = readdirSync(join(PACKAGE_ROOT, 'dist/migrations')).filter((file) => file.endsWith('.js'));
  const count = files.sort().findIndex((file) => file.includes(migration));
  const script = join(PACKAGE_ROOT, 'test/support/walk-migrations.mjs');
  await promisify(execFile)(process.execPath, [script, database.url, String(count)], { maxBuffer: 2 ** 26 });
}

const migrate = ({ url }: TestDatabase) => runCommand(['migrate'], { DATABASE_URL: url, SECRET_KEY });
const applied = async (database: TestDatabase) => (await database.query('SELECT 1 FROM migrations')).length;

/** The longest time in which a row of `table` could not be read, until `work` is over. */
async function longestWait(database: TestDatabase, table: string, work: Promise<unknown>): Promise<number> {
  let [longest, over] = [0, false];
  void work.finally(() => (over = true));
  while (!over) {
    const begin = performance.now();
    await database.query(`SELECT 1 FROM ${table} LIMIT 1`);
    longest = Math.max(longest, performance.now() - begin);
    await sleep(50);
  }
  return longest;
}

// The one that prepares much before it needs the table, and one that needs it at once.
const MIGRATIONS: [migration: string, table: string][] = [
  ['KeyMailboxes', 'users'],
  ['BindLinksToSessions', 'one_time_tokens'],
];

describe('While a long transaction reads its table, the migration', () => {
  const outcomes = new Map<string, { readonly migrated: CommandResult; readonly wait: number }>();

  // Both at once: what takes long is the transaction.
  beforeAll(async () => {
    await Promise.all(
      MIGRATIONS.map(async ([migration, table]) => {
        const inUse = await open();
        const { database, other } = inUse;
        await goBefore(migration, database);
        await other.query('BEGIN');
        await other.query(`SELECT count(*) FROM ${table}`);
        const migrated = migrate(database);
        const ended = sleep(LONG_MS).then(() => other.query('COMMIT'));
        const wait = await longestWait(database, table, ended);
        outcomes.set(migration, { migrated: await migrated, wait });
        await close(inUse);
      }),
    );
  });

  it.each(MIGRATIONS)('%s lets others at %s meanwhile, and is done when the transaction has ended', (migration) => {
    const { migrated, wait } = outcomes.get(migration)!;
    expect(migrated).toMatchObject({ code: 0, stderr: '' });
    // Two seconds: behind the migration, and not behind the transaction.
    expect(wait).toBeGreaterThan(500);
    expect(wait).toBeLessThan(LONG_MS / 2);
  });
});

describe('A migration', () => {
  let inUse: InUse;
  let database: TestDatabase;
  beforeEach(async () => ({ database } = inUse = await open()));
  afterEach(() => close(inUse));

  it('that gets no lock for longer than it is given fails with the session that holds it, and how to end it', async () => {
    const { other } = inUse;
    const dataSource = new DataSource(dataSourceOptions(database.url, 1, { patient: true, lockTimeoutMs: 100 }));
    await dataSource.initialize();
    await other.query('BEGIN');
    await other.query('SELECT count(*) FROM users');
    const [{ pid }] = (await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows as [{ pid: number }];
    let tries = 0;
    const failure: unknown = await givingWay(() => {
      tries += 1;
      return dataSource.transaction((tx) => tx.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE'));
    }, 1500).catch((error: unknown) => error);
    const explained = (await explainedMigration(failure, () => 'The migration One', dataSource)) as Error;
    await dataSource.destroy();
    expect(tries).toBeGreaterThan(2);
    expect(explained.message).toContain('The migration One needs a table');
    expect(explained.message).toContain(`process ${pid}, role roster, report`);
    expect(explained.message).toContain(`SELECT pg_terminate_backend(${pid})`);
  });

  it('of a table over which the operator has made views names them and says what to do, changes nothing, and goes on once they are dropped', async () => {
    await goBefore('KeyMailboxes', database);
    const count = await applied(database);
    await database.query('CREATE VIEW "Mailboxes" AS SELECT id, email_key FROM users');
    await database.query('CREATE SCHEMA reports');
    await database.query('CREATE MATERIALIZED VIEW reports.found AS SELECT search FROM users');
    const refused = await migrate(database);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('The migration KeyMailboxes1795301000000 cannot change');
    expect(refused.stderr).toContain('"Mailboxes", reports.found');
    expect(refused.stderr).toContain('drop it, start again, and recreate it');
    expect(refused.stderr).not.toContain('    at ');
    expect(await applied(database)).toBe(count);
    await database.query('DROP VIEW "Mailboxes"');
    await database.query('DROP MATERIALIZED VIEW reports.found');
    expect(await migrate(database)).toMatchObject({ code: 0, stderr: '' });
  });

  it('that builds an index beside others waits for none that waits for its turn, and leaves a valid one', async () => {
    const { other } = inUse;
    await goBefore('FindEvents', database);
    await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await other.query('SELECT count(*) FROM user_events');
    // What an attempt leaves that was cut off.
    const cut = new pg.Client({ connectionString: database.url, statement_timeout: 300 });
    await cut.connect();
    await expect(cut.query('CREATE INDEX CONCURRENTLY user_events_by_type ON user_events (type)')).rejects.toThrow();
    await cut.end();
    const sessions = async (sql: string) =>
      (await database.query('SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE $1', [sql]))
        .length;
    const first = migrate(database);
    await eventually(async () => (await sessions('%INDEX CONCURRENTLY%')) > 0);
    const second = migrate(database);
    await eventually(async () => (await sessions('%advisory_lock%')) > 1);
    await other.query('COMMIT');
    for (const migrated of await Promise.all([first, second])) expect(migrated).toMatchObject({ code: 0, stderr: '' });
    const indexes = await database.query<{ indexdef: string; indisvalid: boolean }>(
      `SELECT pg_get_indexdef(indexrelid) AS indexdef, indisvalid FROM pg_index
       WHERE indexrelid IN ('user_events_by_type'::regclass, 'auth_events_by_type'::regclass)`,
    );
    expect(indexes.map(({ indisvalid }) => indisvalid)).toEqual([true, true]);
    expect(indexes.map(({ indexdef }) => indexdef).join()).toContain('USING btree (type, occurred_at, id)');
  });
});
