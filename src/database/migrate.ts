import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, runMigrations as runJobMigrations } from 'graphile-worker';
import { DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { PACKAGE_ROOT } from '../config/package-root.js';
import { type Addresses, ownerAddress, serverAddresses } from './addresses.js';
import { dataSourceOptions, poolOf } from './data-source.js';
import { givingWay, LOCK_TIMEOUT_MS } from './give-way.js';
import { admit, closeRoutines, grantTo, openToAll } from './grants.js';
import { explainedMigration } from './migration-failure.js';
import type { SessionKind } from './session.js';
import { postgresCode } from './transaction.js';
import { StartError } from '../config/start-error.js';

/** The database is unreachable or refuses the connection; the message is for the person who starts Roster. */
export class DatabaseUnavailable extends StartError {
  override readonly name = 'DatabaseUnavailable';
}

const FOLDER = join(PACKAGE_ROOT, 'dist/migrations');

// Its log of every statement would drown the summary; failures are thrown.
const SILENT = new Logger(() => () => undefined);

// An arbitrary number that no other program should use on this database.
const MIGRATION_LOCK = 7_205_759_403;
const TURN_EVERY_MS = 100;

/**
 * Applies pending migrations under an advisory lock, so that replicas starting together migrate once. A migration yields to holders
 * of a table that it needs, and retries. The servers' roles are granted the rights that they need, unless they own the schema.
 * @param warn receives what stays open to every role of this PostgreSQL, and who can close it
 * @returns the names of the migrations that were applied
 * @throws DatabaseUnavailable if no connection is possible
 * @throws MigrationFailed if objects or sessions outside Roster are in the way
 */
export async function migrate(addresses: Addresses, warn: (text: string) => void = () => undefined): Promise<string[]> {
  const url = ownerAddress(addresses);
  const dataSource = await connect(
    new DataSource({
      ...dataSourceOptions(url, 2, { patient: true, lockTimeoutMs: LOCK_TIMEOUT_MS }),
      migrations: [join(FOLDER, '*.js')],
      migrationsTransactionMode: 'each',
      migrationsTableName: 'migrations',
    }),
    url,
  );
  const runner = dataSource.createQueryRunner();
  try {
    await refuseOldServer(dataSource);
    await runner.query('SET lock_timeout = 0');
    await takeTurn(runner);
    // Before rights are revoked.
    const roles = await admitted(addresses, dataSource);
    const applied = await runOurs(dataSource);
    await runOthers(dataSource, roles).catch(async (error: unknown) => {
      throw await explainedMigration(error, () => 'Setting up the job queue and the rights of roles', dataSource);
    });
    for (const text of await openToAll(dataSource)) warn(text);
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    return applied;
  } finally {
    await runner.release();
    await dataSource.destroy();
  }
}

/**
 * Waits for other servers that migrate. By asking again: an index that is built beside readers and writers waits for every statement
 * that began before, so also for one that waits for this lock, and neither would ever end.
 */
async function takeTurn(runner: QueryRunner): Promise<void> {
  for (;;) {
    const [row] = (await runner.query('SELECT pg_try_advisory_lock($1) AS taken', [MIGRATION_LOCK])) as {
      taken: boolean;
    }[];
    if (row?.taken === true) return;
    await sleep(TURN_EVERY_MS);
  }
}

/** The roles of the servers, which can connect from here on. */
async function admitted(addresses: Addresses, dataSource: DataSource): Promise<ReadonlySet<string>> {
  const roles = new Set<string>();
  for (const { url, pooled } of serverAddresses(addresses)) {
    const role = await roleOf(url, { pooled }).catch(async (error: unknown) => {
      const named = decodeURIComponent(new URL(url).username);
      // If CONNECT was revoked from PUBLIC, new roles cannot connect until it is granted to them.
      if (!isShutOut(error) || !(await admit(named, dataSource))) throw error;
      return roleOf(url, { pooled });
    });
    await admit(role, dataSource);
    roles.add(role);
  }
  return roles;
}

async function runOurs(dataSource: DataSource): Promise<string[]> {
  const pending = async () => (await new MigrationExecutor(dataSource).getPendingMigrations()).map(({ name }) => name);
  const names = await pending();
  try {
    // Each in its own transaction, so that a retry continues where the last attempt failed.
    await givingWay(() => dataSource.runMigrations());
  } catch (error) {
    throw await explainedMigration(error, async () => `The migration ${(await pending())[0]}`, dataSource);
  }
  return names;
}

async function runOthers(dataSource: DataSource, roles: ReadonlySet<string>): Promise<void> {
  const pgPool = poolOf(dataSource);
  // Without a listener, a lost connection would end the process; users of that connection get the error anyway.
  pgPool.on('connect', (client) => client.on('error', () => undefined));
  await givingWay(() => runJobMigrations({ pgPool, logger: SILENT }));
  for (const role of roles) await givingWay(() => grantTo(role, dataSource));
  await givingWay(() => closeRoutines(dataSource));
}

/** @throws DatabaseUnavailable if no connection is possible */
export async function connect(dataSource: DataSource, url: string): Promise<DataSource> {
  try {
    return await dataSource.initialize();
  } catch (error) {
    throw new DatabaseUnavailable(unavailableMessage(url, error), { cause: error });
  }
}

/**
 * The timestamps of migrations that are not yet applied.
 * @throws if the database does not answer
 */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  const applied = await dataSource.query<{ timestamp: string }[]>('SELECT timestamp FROM migrations');
  const stamps = new Set(applied.map(({ timestamp }) => timestamp));
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) => file.split('-', 1))
    .filter((stamp) => !stamps.has(stamp));
}

/** Whether the role has no right to connect to this database. */
function isShutOut(error: unknown): boolean {
  const cause = error instanceof DatabaseUnavailable ? error.cause : error;
  return postgresCode(cause) === '42501';
}

/** A URL component as an SQL identifier. */
function quoted(inUrl: string): string {
  return `"${decodeURIComponent(inUrl).replaceAll('"', '""')}"`;
}

async function roleOf(url: string, kind: SessionKind): Promise<string> {
  const dataSource = await connect(new DataSource(dataSourceOptions(url, 1, kind)), url);
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
  const { hostname, port, pathname, username } = new URL(url);
  const reason = error instanceof AggregateError ? String(error.errors[0]) : (error as Error).message;
  const place = `The database cannot be reached at ${hostname}:${port || '5432'}${pathname}: ${reason}\n`;
  if (isShutOut(error)) {
    return `${place}As its owner, run: GRANT CONNECT, TEMPORARY ON DATABASE ${quoted(pathname.slice(1))} TO ${quoted(username)}`;
  }
  return (
    place +
    'Check DATABASE_URL (host, port, user, password, database) and that PostgreSQL is running; ' +
    'without DATABASE_URL, Roster starts an embedded PostgreSQL for development.'
  );
}
