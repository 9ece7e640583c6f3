import { StartError } from '../config/start-error.js';
import { type DataSource, type QueryFailedError } from 'typeorm';
import { isInTheWay } from './give-way.js';
import { postgresCode } from './transaction.js';

/** Why migrations failed, for the person who starts Roster. */
export class MigrationFailed extends StartError {
  override readonly name = 'MigrationFailed';
}

const INSUFFICIENT_PRIVILEGE = '42501';
// Columns used by other objects cannot be changed, and objects that others depend on cannot be dropped.
const DEPENDED_ON = new Set(['0A000', '2BP01']);

/**
 * Explains errors that an operator can resolve; returns others unchanged.
 * @param name only called for such an explanation: names what failed and was rolled back
 */
export async function explainedMigration(
  error: unknown,
  name: () => Promise<string> | string,
  dataSource: DataSource,
): Promise<unknown> {
  if (postgresCode(error) === INSUFFICIENT_PRIVILEGE) {
    return new MigrationFailed(await notAllowed(error, await name(), dataSource), { cause: error });
  }
  if (isInTheWay(error)) return new MigrationFailed(await heldUp(await name(), dataSource), { cause: error });
  if (!DEPENDED_ON.has(postgresCode(error) ?? '')) return error;
  return new MigrationFailed(await dependedOn(error, await name(), dataSource), { cause: error });
}

async function notAllowed(error: unknown, what: string, dataSource: DataSource): Promise<string> {
  const [row] = await dataSource.query<[{ role: string }]>('SELECT current_user AS role');
  return (
    `${what} needs rights that the role ${row.role} does not have: ${(error as Error).message}.\n` +
    'Let the role that owns the schema do it: run `migrate` with its URL as MIGRATION_DATABASE_URL, or give it to the server.'
  );
}

async function heldUp(what: string, dataSource: DataSource): Promise<string> {
  const sessions = await dataSource.query<{ pid: number; who: string }[]>(HOLDERS);
  const [first] = sessions;
  return (
    `${what} needs a table for a moment with nobody else using it, but other sessions held it for minutes: ` +
    `${sessions.map(({ who }) => who).join('; ') || 'none left'}.\n` +
    (first ? `Let them end their transactions, or terminate them: SELECT pg_terminate_backend(${first.pid}). ` : '') +
    'Then start again. The migration was rolled back.'
  );
}

async function dependedOn(error: unknown, what: string, dataSource: DataSource): Promise<string> {
  const views = await dataSource.query<{ name: string }[]>(VIEWS);
  const { message, driverError } = error as QueryFailedError<Error & { readonly detail?: string }>;
  return (
    `${what} cannot change an object that something outside Roster depends on: ${message} (${driverError.detail ?? ''}).\n` +
    (views.length > 0 ? `Views on Roster's tables: ${views.map(({ name }) => name).join(', ')}.\n` : '') +
    'Save its definition (pg_dump --schema-only), drop it, start again, and recreate it. The migration was rolled back.'
  );
}

const OUR_TABLES = `SELECT oid FROM pg_class WHERE relnamespace = quote_ident(current_schema())::regnamespace`;

const HOLDERS = `
  SELECT pid, format('process %s, role %s%s', pid, usename, ', ' || nullif(application_name, '')) AS who
  FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND pid IN (SELECT pid FROM pg_locks WHERE granted AND relation IN (${OUR_TABLES}))
  ORDER BY xact_start NULLS LAST, pid LIMIT 5`;

// Roster itself has none.
const VIEWS = `
  SELECT DISTINCT ev_class::regclass::text AS name FROM pg_depend JOIN pg_rewrite ON pg_rewrite.oid = objid
  WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_class'::regclass AND refobjid IN (${OUR_TABLES}) AND ev_class <> refobjid
  ORDER BY name`;
