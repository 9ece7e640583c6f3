import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Logger, runMigrations as runJobMigrations } from 'graphile-worker';
import { DataSource } from 'typeorm';
import { PACKAGE_ROOT } from '../config/package-root.js';
import { dataSourceOptions, poolOf } from './data-source.js';
import { admit, closeRoutines, grantTo, openToAll } from './grants.js';

/** The database cannot be reached or refuses; the message is for the person who starts Roster. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
}

const FOLDER = join(PACKAGE_ROOT, 'dist/migrations');

// Its own log of every statement would drown the summary; what fails is thrown.
const SILENT = new Logger(() => () => undefined);

// Any number that no other program would take on this database.
const MIGRATION_LOCK = 7_205_759_403;

/**
 * Brings the schema up to date, under an advisory lock: replicas that start together migrate once.
 * @param url as the role that owns the schema
 * @param applicationUrl as the role that the server works as; when it is another one, it is given the rights that it needs
 * @param warn told what is left open to every role of this PostgreSQL, and whose it is to close
 * @returns the names of the migrations that were applied
 * @throws DatabaseUnavailable when there is no way in
 */
export async function migrate(
  url: string,
  applicationUrl = url,
  warn: (text: string) => void = () => undefined,
): Promise<string[]> {
  // Before anything is closed to it.
  const role = applicationUrl === url ? undefined : await roleOf(applicationUrl);
  const dataSource = await connect(
    new DataSource({
      ...dataSourceOptions(url, 2, { patient: true }),
      migrations: [join(FOLDER, '*.js')],
      migrationsTransactionMode: 'each',
      migrationsTableName: 'migrations',
    }),
    url,
  );
  const runner = dataSource.createQueryRunner();
  try {
    await refuseOldServer(dataSource);
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    if (role !== undefined) await admit(role, dataSource);
    const applied = await dataSource.runMigrations();
    const pgPool = poolOf(dataSource);
    // It wants one that bears the end of a connection at any moment; whoever uses that connection is told, too.
    pgPool.on('connect', (client) => client.on('error', () => undefined));
    await runJobMigrations({ pgPool, logger: SILENT });
    if (role !== undefined) await grantTo(role, dataSource);
    await closeRoutines(dataSource);
    for (const text of await openToAll(dataSource)) warn(text);
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    return applied.map((migration) => migration.name);
  } finally {
    await runner.release();
    await dataSource.destroy();
  }
}

/** @throws DatabaseUnavailable when there is no way in */
export async function connect(dataSource: DataSource, url: string): Promise<DataSource> {
  try {
    return await dataSource.initialize();
  } catch (error) {
    throw new DatabaseUnavailable(unavailableMessage(url, error));
  }
}

/**
 * The migrations that this release brings and the database lacks, by their timestamps.
 * @throws when the database does not answer
 */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  const applied = await dataSource.query<{ timestamp: string }[]>('SELECT timestamp FROM migrations');
  const stamps = new Set(applied.map(({ timestamp }) => timestamp));
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) => file.split('-', 1))
    .filter((stamp) => !stamps.has(stamp));
}

async function roleOf(url: string): Promise<string> {
  const dataSource = await connect(new DataSource(dataSourceOptions(url, 1)), url);
  try {
    const [row] = await dataSource.query<[{ role: string }]>('SELECT current_user AS role');
    return row.role;
  } finally {
    await dataSource.destroy();
  }
}

const OLDEST_POSTGRES = 150_000;

async function refuseOldServer(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<[{ version: string }]>(
    "SELECT current_setting('server_version_num') AS version",
  );
  if (Number(row.version) >= OLDEST_POSTGRES) return;
  throw new DatabaseUnavailable(`PostgreSQL is too old (${row.version}); Roster needs 15 or newer.`);
}

function unavailableMessage(url: string, error: unknown): string {
  const { hostname, port, pathname } = new URL(url);
  const reason = error instanceof AggregateError ? String(error.errors[0]) : (error as Error).message;
  return (
    `The database cannot be reached at ${hostname}:${port || '5432'}${pathname}: ${reason}\n` +
    'Check DATABASE_URL (host, port, user, password, database) and that PostgreSQL runs; ' +
    'without DATABASE_URL, Roster starts a PostgreSQL of its own for development.'
  );
}
