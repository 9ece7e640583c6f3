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
import { objectionToServer, objectionToServerAt } from './supported-server.js';
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
// One has the turn, and one looks what there is to do.
const CONNECTIONS = 2;
// One migrates, and one looks for what to say of a failure, after which TypeORM may keep the first.
const MIGRATING_CONNECTIONS = 2;

/**
 * Applies pending migrations under an advisory lock, so that replicas starting together migrate once. A migration yields to holders
 * of a table that it needs, and retries. The servers' roles are granted the rights that they need, unless they own the schema.
 * @param warn receives what stays open to every role of this PostgreSQL, and who can close it
 * @returns the names of the migrations that were applied
 * @throws DatabaseUnavailable if no connection is possible, or to something else than PostgreSQL 15 or newer that takes writes
 * @throws MigrationFailed if objects or sessions outside Roster are in the way
 */
export async function migrate(addresses: Addresses, warn: (text: string) => void = () => undefined): Promise<string[]> {
  const url = ownerAddress(addresses);
  const dataSource = await connect(new DataSource(optionsOf(url, CONNECTIONS)), url);
  const runner = dataSource.createQueryRunner();
  try {
    await refuseOtherServers(dataSource);
    await refuseReadOnly(dataSource, url);
    await runner.query('SET lock_timeout = 0');
    await takeTurn(runner);
    // Before rights are revoked.
    const roles = await admitted(addresses, dataSource);
    const applied = await runOurs(dataSource, url);
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

async function runOurs(database: DataSource, url: string): Promise<string[]> {
  // As most starts find it; to load what there would be to do takes longer than to look.
  if (await isUpToDate(database)) return [];
  const dataSource = await connect(
    new DataSource({
      ...optionsOf(url, MIGRATING_CONNECTIONS),
      migrations: [join(FOLDER, '*.js')],
      migrationsTransactionMode: 'each',
      migrationsTableName: 'migrations',
    }),
    url,
  );
  const pending = async () => (await new MigrationExecutor(dataSource).getPendingMigrations()).map(({ name }) => name);
  try {
    const names = await pending();
    // Each in its own transaction, so that a retry continues where the last attempt failed.
    await givingWay(() => dataSource.runMigrations());
    return names;
  } catch (error) {
    throw await explainedMigration(error, async () => `The migration ${(await pending())[0]}`, dataSource);
  } finally {
    await dataSource.destroy();
  }
}

async function isUpToDate(database: DataSource): Promise<boolean> {
  const [{ begun }] = await database.query<[{ begun: boolean }]>(
    `SELECT to_regclass('migrations') IS NOT NULL AS begun`,
  );
  return begun && (await pendingMigrations(database)).length === 0;
}

const optionsOf = (url: string, connections: number) =>
  dataSourceOptions(url, connections, { patient: true, lockTimeoutMs: LOCK_TIMEOUT_MS });

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
    const message = (await objectionToServerAt(url)) ?? unavailableMessage(url, error);
    throw new DatabaseUnavailable(message, { cause: error });
  }
}

/**
 * The timestamps of migrations that are not yet applied.
 * @throws if the database does not answer
 */
export async function pendingMigrations(database: Pick<DataSource, 'query'>): Promise<string[]> {
  const applied = new Set(await appliedMigrations(database));
  return ownMigrations().filter((stamp) => !applied.has(stamp));
}

/**
 * The timestamps of applied migrations that this release does not have: a newer one has migrated the database.
 * @throws if the database does not answer
 */
export async function unknownMigrations(database: Pick<DataSource, 'query'>): Promise<string[]> {
  const own = new Set(ownMigrations());
  return (await appliedMigrations(database)).filter((stamp) => !own.has(stamp));
}

async function appliedMigrations(database: Pick<DataSource, 'query'>): Promise<string[]> {
  const rows = await database.query<{ timestamp: string }[]>('SELECT timestamp FROM migrations');
  return rows.map(({ timestamp }) => timestamp);
}

function ownMigrations(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) => file.split('-', 1));
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

async function refuseOtherServers(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<[{ version: string }]>('SELECT version() AS version');
  const objection = objectionToServer(row.version);
  if (objection !== undefined) throw new DatabaseUnavailable(objection);
}

async function refuseReadOnly(dataSource: DataSource, url: string): Promise<void> {
  const [row] = await dataSource.query<[{ standby: boolean; readOnly: string }]>(
    `SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS "readOnly"`,
  );
  if (row.readOnly === 'off') return;
  const { hostname, port, pathname } = new URL(url);
  throw new DatabaseUnavailable(
    `The database at ${hostname}:${port || '5432'}${pathname} takes no writes: ` +
      (row.standby
        ? 'it is a standby.\nLet DATABASE_URL lead to the primary (READ_DATABASE_URL may name a standby). ' +
          'After a failover, start again once the address leads to the new primary.'
        : 'default_transaction_read_only is on.\nSwitch it off for this database and role, and start again.'),
  );
}

/** Why the database at this URL cannot be used, in the first line, and what to check. */
export function unavailableMessage(url: string, error: unknown): string {
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
