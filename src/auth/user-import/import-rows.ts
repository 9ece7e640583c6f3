import type pg from 'pg';
import { breath } from '../../async/breath.js';
import { copyText, copyTextOf, type CopyValue } from '../../database/copy.js';
import { EVENT_COLUMNS } from '../../events/event-log.js';
import type { ImportGround } from './import-ground.js';
import type { NewImport } from './new-imports.js';

type Values = readonly CopyValue[];

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rowsOf: (item: NewImport) => readonly Values[];
}

const CHUNK = 10;

/** Everything that is stored of imported users but the rows of `users`, table by table in the order of their references. */
export class ImportRows {
  private readonly tables: readonly Table[];
  private readonly userColumns: readonly string[];

  constructor({ source, runId, userColumns }: Pick<ImportGround, 'source' | 'runId' | 'userColumns'>) {
    this.userColumns = [...userColumns.values()];
    const properties = [...userColumns.keys()];
    this.tables = [
      {
        name: STAGING,
        columns: this.userColumns,
        rowsOf: ({ row }) => {
          const values = row as unknown as Record<string, CopyValue>;
          return [properties.map((property) => values[property] ?? null)];
        },
      },
      {
        name: 'user_keys',
        columns: ['user_id', 'key_id', 'wrapped'],
        rowsOf: ({ id, key }) => [[id, key.key_id, key.wrapped]],
      },
      {
        name: 'user_events',
        columns: EVENT_COLUMNS,
        rowsOf: ({ events }) => events.map((event) => EVENT_COLUMNS.map((column) => event[column] as CopyValue)),
      },
      {
        name: 'password_credentials',
        columns: ['user_id', 'hash', 'imported_rounds'],
        rowsOf: ({ id, password }) => (password ? [[id, password.hash, password.rounds]] : []),
      },
      {
        name: 'totp_credentials',
        columns: ['user_id', 'sealed_secret', 'last_step'],
        rowsOf: ({ id, totp }) => (totp ? [[id, totp, 0]] : []),
      },
      {
        name: 'identities',
        columns: ['id', 'user_id', 'provider', 'issuer', 'subject', 'profile'],
        rowsOf: ({ id, identities }) =>
          identities.map((one) => [one.id, id, one.provider, one.issuer, one.subject, one.profile]),
      },
      {
        name: 'imported_users',
        columns: ['user_id', 'source', 'external_hash', 'external_id', 'run_id'],
        rowsOf: ({ id, externalHash, externalId }) => [[id, source, externalHash, externalId, runId]],
      },
    ];
  }

  /** The rows of these users, encoded, for each table. */
  async encode(items: readonly NewImport[]): Promise<EncodedRows> {
    const texts = this.tables.map((): Buffer[] => []);
    for (let begin = 0; begin < items.length; begin += CHUNK) {
      await breath(begin);
      const some = items.slice(begin, begin + CHUNK);
      for (const [place, { rowsOf }] of this.tables.entries()) texts[place]?.push(copyTextOf(some.flatMap(rowsOf)));
    }
    return texts.map((parts) => Buffer.concat(parts));
  }

  /** Writes rows of `users` that nobody else has. @returns the ids of those that were written */
  async insertUsers(client: pg.Client, [staged]: EncodedRows): Promise<ReadonlySet<string>> {
    if (staged === undefined) return new Set();
    await copyText(client, STAGING, this.userColumns, staged);
    const list = this.userColumns.join(', ');
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO users (${list}) SELECT ${list} FROM ${STAGING} ORDER BY id ON CONFLICT DO NOTHING RETURNING id`,
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Writes everything else of them. */
  async insertRest(client: pg.Client, rows: EncodedRows): Promise<void> {
    for (const [place, { name, columns }] of this.tables.entries()) {
      if (name !== STAGING) await copyText(client, name, columns, rows[place] ?? NOTHING);
    }
  }
}

/** For each table, as COPY takes them. */
export type EncodedRows = readonly Buffer[];

export const STAGING = 'import_staging';
const NOTHING = Buffer.alloc(0);
