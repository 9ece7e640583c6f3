import type { Shutdown } from '../server/shutdown.js';
import { DataSource } from 'typeorm';
import pg from 'pg';
import type { Settings } from '../config/settings.js';
import { sessionAddress } from '../database/addresses.js';
import { dataSourceOptions } from '../database/data-source.js';
import { Keyring } from '../database/keyring.js';
import { connect, pendingMigrations } from '../database/migrate.js';
import { settleSession } from '../database/session.js';
import { postgresCode, Transactions } from '../database/transaction.js';
import { PersonalData } from '../events/personal-data.js';
import { UserEntity } from '../users/store/user.entity.js';
import { OperatorError } from './operator-error.js';

/** The context of an operator command: the database and its keys, without a server. */
export interface OperatorContext {
  readonly settings: Settings;
  readonly dataSource: DataSource;
  readonly transactions: Transactions;
  readonly keyring: Keyring;
  readonly personalData: PersonalData;
  /** The columns of `users` that follow from the log: database names by property names. */
  readonly userColumns: ReadonlyMap<string, string>;
  /** A dedicated connection, closed with the command. */
  connect(): Promise<pg.Client>;
}

/**
 * @param settings with `DATABASE_URL` and `SECRET_KEY` set
 * @throws DatabaseUnavailable, WrongSecretKey; OperatorError while migrations are missing
 */
export async function openOperatorContext(
  settings: Settings,
  shutdown: Pick<Shutdown, 'register'>,
): Promise<OperatorContext> {
  const url = sessionAddress(settings);
  const dataSource = await connect(
    new DataSource({ ...dataSourceOptions(url, 2, { patient: true }), entities: [UserEntity] }),
    url,
  );
  shutdown.register('connections', () => dataSource.destroy());
  if (await lacksMigrations(dataSource)) {
    throw new OperatorError('The schema does not match this release. Apply the migrations: npm run roster -- migrate');
  }
  const transactions = new Transactions(dataSource);
  const keyring = new Keyring(dataSource, transactions, settings.SECRET_KEY ?? '');
  await keyring.open();
  const { columns } = dataSource.getMetadata(UserEntity);
  const folded = columns.filter(({ isInsert, isUpdate }) => isInsert || isUpdate);
  return {
    settings,
    dataSource,
    transactions,
    keyring,
    personalData: new PersonalData(keyring),
    userColumns: new Map(folded.map(({ propertyName, databaseName }) => [propertyName, databaseName])),
    connect: async () => {
      const client = new pg.Client({ connectionString: url, application_name: 'roster operator' });
      await client.connect();
      shutdown.register('connection', () => client.end());
      await settleSession(client, { patient: true });
      return client;
    },
  };
}

async function lacksMigrations(dataSource: DataSource): Promise<boolean> {
  try {
    return (await pendingMigrations(dataSource)).length > 0;
  } catch (error) {
    const UNDEFINED_TABLE = '42P01';
    if (postgresCode(error) === UNDEFINED_TABLE) return true;
    throw error;
  }
}
