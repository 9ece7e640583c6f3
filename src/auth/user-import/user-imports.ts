import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Caller } from '../../access/caller.js';
import { Keyring } from '../../database/keyring.js';
import { seal, unseal } from '../../database/sealing.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import type { ImportCounts } from './import-run.js';
import type { ImportFormat, UserImport } from './import.dto.js';

/** A line of the report. */
export interface ReportLine {
  readonly line: number;
  readonly externalId: string | null;
  readonly code: string;
  readonly message: string;
}

interface Sealed {
  readonly key_id: string;
  readonly sealed: Buffer;
}

const KEPT_DAYS = 7;
/** Their files wait in the database. */
export const MOST_WAITING = 5;
/** A file of which nothing was heard for so long was lost with its server. */
const WAITING = `state = 'queued' OR (state = 'receiving' AND heard_at > now() - interval '5 minutes')`;
const EVERY_HOUR = '23 * * * *';

/**
 * Imports by the API in the database. The file is kept in parts until it is imported, and the report for seven days; both are sealed
 * under a key of ours, since they name people who are no users.
 */
@Injectable()
export class UserImports implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly keyring: Keyring,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_HOUR, 'users.import-expiry', () => this.removeOld());
  }

  /** @returns the id of an import whose file is to be received; undefined where enough of them wait */
  async begin(
    maker: Caller,
    traceId: string,
    given: { readonly format: ImportFormat; readonly dryRun: boolean; readonly invite: boolean },
  ): Promise<string | undefined> {
    const id = uuidv7();
    const made = await this.transactions.run(async (tx) => {
      await tx.query("SELECT pg_advisory_xact_lock(hashtext('roster: waiting imports'))");
      return tx.query<object[]>(
        `INSERT INTO user_imports (id, maker_id, session_id, trace_id, format, dry_run, invite, state)
         SELECT $1, $2, $3, $4, $5, $6, $7, 'receiving'
         WHERE (SELECT count(*) FROM user_imports WHERE ${WAITING}) < $8 RETURNING id`,
        [id, maker.userId, maker.sessionId, traceId, given.format, given.dryRun, given.invite, MOST_WAITING],
      );
    });
    return made.length > 0 ? id : undefined;
  }

  async keepPart(id: string, position: number, part: Buffer): Promise<void> {
    const { key_id, sealed } = this.seal(part, `import part:${id}:${position}`);
    await this.transactions.run(async (tx) => {
      const sql = 'INSERT INTO user_import_parts (import_id, position, key_id, sealed) VALUES ($1, $2, $3, $4)';
      await tx.query(sql, [id, position, key_id, sealed]);
      await tx.query('UPDATE user_imports SET bytes = bytes + $2, heard_at = now() WHERE id = $1', [id, part.length]);
    });
  }

  /** The parts of the file in their order, one at a time. */
  async *parts(id: string): AsyncGenerator<Buffer> {
    for (let position = 0; ; position++) {
      const [row] = await this.transactions.run((tx) =>
        tx.query<Sealed[]>('SELECT key_id, sealed FROM user_import_parts WHERE import_id = $1 AND position = $2', [
          id,
          position,
        ]),
      );
      if (!row) return;
      yield this.open(row, `import part:${id}:${position}`);
    }
  }

  async find(tx: Transaction, id: string): Promise<UserImport | undefined> {
    const [row] = await tx.query<(UserImport & { bytes: string; doneBytes: string })[]>(
      `SELECT id, maker_id AS "makerId", session_id AS "sessionId", trace_id AS "traceId", format, dry_run AS "dryRun", invite,
         state, bytes, done_bytes AS "doneBytes", created, present, refused, reason, created_at AS "createdAt",
         finished_at AS "finishedAt"
       FROM user_imports WHERE id = $1 AND created_at > now() - $2 * interval '1 day'`,
      [id, KEPT_DAYS],
    );
    return row && { ...row, bytes: Number(row.bytes), doneBytes: Number(row.doneBytes) };
  }

  /** Begins, or begins again after a server that was killed: from the first line, past those who are there. */
  async start(tx: Transaction, id: string): Promise<void> {
    await tx.query('DELETE FROM user_import_faults WHERE import_id = $1', [id]);
    await tx.query(
      `UPDATE user_imports SET (state, done_bytes, created, present, refused) = ('running', 0, 0, 0, 0) WHERE id = $1`,
      [id],
    );
  }

  /** Records how far it is. @param position of the first of these lines in the report */
  async progress(
    id: string,
    { created, present, refused }: Readonly<ImportCounts>,
    doneBytes: number,
    lines: readonly ReportLine[],
    position: number,
  ): Promise<void> {
    await this.transactions.run(async (tx) => {
      await tx.query(
        'UPDATE user_imports SET (created, present, refused, done_bytes) = ($2, $3, $4, $5) WHERE id = $1',
        [id, created, present, refused, doneBytes],
      );
      for (const [place, { line, code, ...rest }] of lines.entries()) {
        const at = position + place;
        const { key_id, sealed } = this.seal(Buffer.from(JSON.stringify(rest)), `import fault:${id}:${at}`);
        await tx.query(
          'INSERT INTO user_import_faults (import_id, position, line, code, key_id, sealed) VALUES ($1, $2, $3, $4, $5, $6)',
          [id, at, line, code, key_id, sealed],
        );
      }
    });
  }

  /** @param reason why not all of it was imported; null if it was */
  async finish(tx: Transaction, id: string, reason: string | null): Promise<void> {
    await tx.query('DELETE FROM user_import_parts WHERE import_id = $1', [id]);
    await tx.query('UPDATE user_imports SET (state, reason, finished_at) = ($2, $3, now()) WHERE id = $1', [
      id,
      reason === null ? 'finished' : 'stopped',
      reason,
    ]);
  }

  async queue(tx: Transaction, id: string): Promise<void> {
    await tx.query(`UPDATE user_imports SET state = 'queued' WHERE id = $1`, [id]);
  }

  /** Of a file that did not arrive. */
  async forget(id: string): Promise<void> {
    await this.transactions.run((tx) => tx.query('DELETE FROM user_imports WHERE id = $1', [id]));
  }

  /** The report in its order, in pages. */
  async *report(id: string): AsyncGenerator<ReportLine> {
    const sql = `SELECT position, line, code, key_id, sealed FROM user_import_faults WHERE import_id = $1 AND position >= $2
                 ORDER BY position LIMIT 500`;
    for (let next = 0; ; next += 500) {
      const rows = await this.transactions.run((tx) =>
        tx.query<(Sealed & { position: number; line: number; code: string })[]>(sql, [id, next]),
      );
      for (const row of rows) {
        const rest = JSON.parse(this.open(row, `import fault:${id}:${row.position}`).toString()) as ReportLine;
        yield { line: row.line, externalId: rest.externalId, code: row.code, message: rest.message };
      }
      if (rows.length < 500) return;
    }
  }

  private async removeOld(): Promise<void> {
    await this.transactions.run(async (tx) => {
      await tx.query(`DELETE FROM user_imports WHERE created_at < now() - $1 * interval '1 day'`, [KEPT_DAYS]);
      await tx.query(`DELETE FROM user_imports WHERE state = 'receiving' AND heard_at < now() - interval '1 hour'`);
    });
  }

  private seal(plain: Buffer, label: string): Sealed {
    const { id, secret } = this.keyring.current('imported-password');
    return { key_id: id, sealed: seal(secret, plain, label) };
  }

  private open({ key_id, sealed }: Sealed, label: string): Buffer {
    const key = this.keyring.find('imported-password', key_id);
    if (!key) throw new Error('The key that seals the file of an import is missing');
    return unseal(key.secret, sealed, label);
  }
}
