import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { PersonalData } from '../../events/personal-data.js';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { EXTERNAL_ID_LABEL } from './new-imports.js';

/** Where an imported user came from. */
export interface ImportOrigin {
  /** Such as `cognito`; `csv` for files of our own form. */
  readonly source: string;
  /** The id there. */
  readonly externalId: string;
  readonly importedAt: Date;
}

interface Row {
  readonly source: string;
  readonly external_id: Buffer;
  readonly imported_at: Date;
}

/** Users who came from elsewhere, and who they were there. */
@Injectable()
export class ImportedUsers implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly personalData: PersonalData,
    private readonly registry: PersonalDataRegistry,
  ) {}

  onModuleInit(): void {
    this.registry.register({
      name: 'imports',
      // Files and reports are sealed under a key of ours, and are kept for as long as they are needed.
      tables: ['imported_users', 'user_imports', 'user_import_parts', 'user_import_faults'],
      export: async (tx, userId) => ({
        origin: (await this.find(tx, userId)) ?? null,
        made: await tx.query<unknown[]>(
          `SELECT created_at AS "createdAt", format, created, finished_at AS "finishedAt" FROM user_imports
           WHERE maker_id = $1 ORDER BY 1`,
          [userId],
        ),
      }),
      erase: async (tx, { id }) => {
        await tx.query('DELETE FROM imported_users WHERE user_id = $1', [id]);
      },
    });
  }

  /** Undefined for a user who was not imported. */
  async originOf(userId: string): Promise<ImportOrigin | undefined> {
    return this.transactions.run((tx) => this.find(tx, userId));
  }

  /**
   * The origin of a user of whom the old system may still speak: since the import nobody has set or removed a password, or proved an
   * address, which would end what the other system knew.
   */
  async openOriginOf(userId: string): Promise<ImportOrigin | undefined> {
    return this.transactions.run(async (tx) => ((await this.isOpen(tx, userId)) ? this.find(tx, userId) : undefined));
  }

  /** Whether the old system may still speak of the user, whom it knows. */
  async isOpen(tx: Transaction, userId: string): Promise<boolean> {
    return (await tx.query<unknown[]>(CLOSED, [userId])).length === 0;
  }

  private async find(tx: Transaction, userId: string): Promise<ImportOrigin | undefined> {
    const [row] = await tx.query<Row[]>(
      'SELECT source, external_id, imported_at FROM imported_users WHERE user_id = $1',
      [userId],
    );
    const sealer = row && (await this.personalData.sealer(tx, userId));
    if (!sealer) return undefined;
    const externalId = sealer.open(row.external_id, EXTERNAL_ID_LABEL).toString();
    return { source: row.source, externalId, importedAt: row.imported_at };
  }
}

// The events of the import itself have the trace of the first one.
const CLOSED = `
  SELECT FROM user_events AS later JOIN user_events AS first ON first.user_id = later.user_id AND first.user_version = 1
  WHERE later.user_id = $1 AND later.trace_id <> first.trace_id AND later.type IN (
    'user.email_verified', 'user.email_changed', 'user.password_changed', 'user.password_reset.completed',
    'user.authenticator_removed')
  LIMIT 1`;
