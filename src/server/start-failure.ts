import { SettingsError } from '../config/settings.js';
import { EmbeddedPostgresError } from '../development/postgres/embedded-postgres.js';
import { WrongSecretKey } from '../database/key-errors.js';
import { DatabaseUnavailable } from '../database/migrate.js';
import { MigrationFailed } from '../database/migration-failure.js';
import { OperatorError } from '../operator/operator-error.js';

export class PortTaken extends Error {
  constructor(host: string, port: number) {
    super(
      `Port ${port} on ${host} is in use by another program.\n` +
        `Stop that program, or choose another port: PORT=${port + 1} npm start`,
    );
  }
}

/** An optional part of Roster needs a package that is not there. */
export class MissingPackage extends Error {
  constructor(what: string, packages: readonly string[]) {
    super(
      `${what} needs the development packages ${packages.join(' and ')}, which are not installed.\nInstall them: npm ci`,
    );
  }
}

const FOR_PEOPLE = [
  SettingsError,
  DatabaseUnavailable,
  MigrationFailed,
  EmbeddedPostgresError,
  WrongSecretKey,
  PortTaken,
  MissingPackage,
  OperatorError,
];

/** One message for the person at the terminal; a stack only for what nobody foresaw. */
export function explainFailure(error: unknown, what = 'Roster could not start'): string {
  if (FOR_PEOPLE.some((kind) => error instanceof kind)) return `\n${(error as Error).message}\n`;
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `\n${what} because of an unexpected error:\n${detail}\n`;
}
