import { Injectable, type OnModuleInit } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { LiveSessions } from '../../access/live-sessions.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { sessionAddress } from '../../database/addresses.js';
import { Keyring } from '../../database/keyring.js';
import { settleSession } from '../../database/session.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { PersonalData } from '../../events/personal-data.js';
import { Jobs } from '../../jobs/jobs.js';
import { UserEntity } from '../../users/store/user.entity.js';
import type { UserImport } from './import.dto.js';
import { ONE_AT_A_TIME } from './import-ground.js';
import { type ImportListener, runImport } from './import-run.js';
import { ImportWriter } from './import-writer.js';
import { LineFault } from './source-person.js';
import { openSource } from './sources/open-source.js';
import { type ReportLine, UserImports } from './user-imports.js';

const JOB = 'users.import';
const SIGNED_OUT = 'You were signed out, or are no ADMIN any more.';
/** Far more than anybody reads; the counts go on. */
const MOST_REPORTED = 100_000;

/** Does imports by the API as jobs, with the rights of the moment. One at a time: another is tried again later. */
@Injectable()
export class ImportJob implements OnModuleInit {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly keyring: Keyring,
    private readonly personalData: PersonalData,
    private readonly imports: UserImports,
    private readonly sessions: LiveSessions,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handle<{ readonly id: string }>(JOB, ({ id }) => this.run(id));
  }

  async enqueue(tx: Transaction, id: string): Promise<void> {
    await this.imports.queue(tx, id);
    await this.jobs.enqueue(tx, JOB, { id }, { key: `${JOB}:${id}`, queue: JOB });
  }

  private async run(id: string): Promise<void> {
    const client = new pg.Client({
      connectionString: sessionAddress(this.settings),
      application_name: 'roster import',
    });
    // A lost connection fails the statement under way, and with it the job.
    client.on('error', () => undefined);
    await client.connect();
    try {
      await settleSession(client, { patient: true });
      const { rows } = await client.query<{ free: boolean }>(ONE_AT_A_TIME);
      // By the command, or by a server that is just ending.
      if (!rows[0]?.free) throw new Error('Another import is running');
      // After the lock: a run that somebody else was still at when this job was released may have finished.
      const found = await this.transactions.run((tx) => this.imports.find(tx, id));
      if (!found || found.finishedAt !== null) return;
      await this.transactions.run((tx) => this.imports.start(tx, id));
      const reason = await this.import(found, client);
      await this.transactions.run((tx) => this.imports.finish(tx, id, reason));
    } finally {
      await client.end();
    }
  }

  /** @returns why it has stopped; null if all of it was done */
  private async import(found: UserImport, client: pg.Client): Promise<string | null> {
    const { id, makerId, dryRun, invite, format, traceId } = found;
    if (!(await this.isStillAdmin(found))) return SIGNED_OUT;
    const columns = this.dataSource.getMetadata(UserEntity).columns.filter(({ isInsert }) => isInsert);
    const ground = {
      ...{ client, keyring: this.keyring, personalData: this.personalData, providers: this.settings.providers },
      userColumns: new Map(columns.map(({ propertyName, databaseName }) => [propertyName, databaseName])),
      actor: { kind: 'user', id: makerId, role: 'ADMIN' } as const,
      ...{ traceId, source: 'csv', runId: uuidv7(), invite },
    };
    const writer = new ImportWriter(ground, dryRun);
    await writer.open();
    const report = new Report();
    const read = { bytes: 0 };
    let reason: string | null = null;
    const note = (name: string): void => {
      const message = `Left out: ${JSON.stringify(name)}, which Roster does not know.`;
      report.add({ line: 1, externalId: null, code: 'unknown-name', message });
    };
    const listener: ImportListener = {
      ...report.listener,
      done: async (counts) => {
        const { lines, position } = report.take();
        await this.imports.progress(id, counts, read.bytes, lines, position);
        if (!(await this.isStillAdmin(found))) reason = SIGNED_OUT;
        return reason === null;
      },
    };
    try {
      const source = openSource(format, counted(this.imports.parts(id), read), { now: Date.now() }, { unknown: note });
      const counts = await runImport({ lines: source, bytesRead: () => read.bytes, writer, isOurs: true, listener });
      // What was refused after the last batch.
      const { lines, position } = report.take();
      await this.imports.progress(id, counts, read.bytes, lines, position);
      return reason;
    } catch (error) {
      if (error instanceof LineFault) return error.message;
      throw error;
    }
  }

  private async isStillAdmin({ makerId, sessionId }: UserImport): Promise<boolean> {
    const caller = await this.sessions.callerNow(sessionId);
    return caller?.userId === makerId && caller.role === 'ADMIN';
  }
}

async function* counted(parts: AsyncIterable<Buffer>, read: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const part of parts) {
    read.bytes += part.length;
    yield part;
  }
}

/** Lines of the report that are not stored yet. */
class Report {
  private lines: ReportLine[] = [];
  private stored = 0;

  readonly listener: Omit<ImportListener, 'done'> = {
    refused: (line, { externalId, code, message }) => this.add({ line, externalId, code, message }),
    leftOut: (line, externalId, what) =>
      this.add({ line, externalId, code: 'left-out', message: `Imported without ${what.join('; ')}.` }),
  };

  add(line: ReportLine): void {
    if (this.stored + this.lines.length < MOST_REPORTED) this.lines.push(line);
  }

  take(): { readonly lines: readonly ReportLine[]; readonly position: number } {
    const taken = { lines: this.lines, position: this.stored };
    this.stored += this.lines.length;
    this.lines = [];
    return taken;
  }
}
