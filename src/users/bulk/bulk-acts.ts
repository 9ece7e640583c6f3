import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { PersonalData } from '../../events/personal-data.js';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { Jobs } from '../../jobs/jobs.js';
import { type BulkAct, type BulkResult, type BulkRow, KEPT_DAYS } from './bulk-act.js';

const EVERY_HOUR = '53 * * * *';
const REASON = 'bulk-act-reason';
const labelOf = (actId: string): string => `bulk-act:${actId}`;

/** A row that was acted on. */
export interface DoneRow extends BulkResult {
  readonly userId: string;
}

export interface Progress {
  readonly total: number;
  /** In the order of the ids as they were given. */
  readonly done: readonly DoneRow[];
}

interface ActRow extends Omit<BulkAct, 'reason'> {
  readonly reason: Buffer | null;
}

interface ResultRow extends BulkResult {
  readonly user_id: string;
  readonly sealed: Buffer | null;
}

/**
 * Bulk acts in the database. The reason is sealed under the key of the maker until the act is finished; the detail of a refusal, in
 * which a handler may name the person, under the key of the user concerned. The rest are ids and codes, kept for seven days.
 */
@Injectable()
export class BulkActs implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly personalData: PersonalData,
    private readonly personalDataRegistry: PersonalDataRegistry,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_HOUR, 'users.bulk-expiry', () => this.removeOld());
    this.personalDataRegistry.register({
      name: 'bulkActs',
      tables: ['bulk_acts', 'bulk_act_rows'],
      export: async (tx, userId) => ({
        made: await tx.query<unknown[]>(
          `SELECT created_at AS "createdAt", action, role, finished_at AS "finishedAt" FROM bulk_acts
           WHERE maker_id = $1 ORDER BY 1`,
          [userId],
        ),
        concerning: await tx.query<unknown[]>(
          `SELECT act.created_at AS "createdAt", action, role, outcome, code
           FROM bulk_act_rows JOIN bulk_acts act ON act.id = act_id WHERE user_id = $1 ORDER BY 1`,
          [userId],
        ),
      }),
      erase: async (tx, { id }) => {
        await tx.query('UPDATE bulk_acts SET reason = NULL WHERE maker_id = $1 AND reason IS NOT NULL', [id]);
        await tx.query('UPDATE bulk_act_rows SET detail = NULL WHERE user_id = $1 AND detail IS NOT NULL', [id]);
      },
    });
  }

  /** @returns its id */
  async add(
    tx: Transaction,
    act: Pick<BulkAct, 'makerId' | 'sessionId' | 'traceId' | 'action' | 'role' | 'reason'>,
    userIds: readonly string[],
  ): Promise<string> {
    const id = uuidv7();
    const sealer = act.reason === null ? undefined : await this.personalData.sealer(tx, act.makerId);
    const reason = sealer?.seal(Buffer.from(act.reason ?? ''), `${REASON}:${id}`) ?? null;
    await tx.query(
      `INSERT INTO bulk_acts (id, maker_id, session_id, trace_id, action, role, reason)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [id, act.makerId, act.sessionId, act.traceId, act.action, act.role, reason],
    );
    await tx.query(
      `INSERT INTO bulk_act_rows (act_id, position, user_id)
       SELECT $1, position, user_id FROM unnest($2::uuid[]) WITH ORDINALITY AS given (user_id, position)`,
      [id, userIds],
    );
    return id;
  }

  async find(tx: Transaction, id: string): Promise<BulkAct | undefined> {
    const [row] = await tx.query<ActRow[]>(
      `SELECT id, maker_id AS "makerId", session_id AS "sessionId", trace_id AS "traceId", action, role, reason,
         created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt"
       FROM bulk_acts WHERE id = $1 AND created_at > now() - $2 * interval '1 day'`,
      [id, KEPT_DAYS],
    );
    if (!row) return undefined;
    const sealer = row.reason && (await this.personalData.sealer(tx, row.makerId));
    const reason = row.reason && sealer ? sealer.open(row.reason, `${REASON}:${id}`).toString() : null;
    return { ...row, reason };
  }

  async start(tx: Transaction, id: string): Promise<void> {
    await tx.query('UPDATE bulk_acts SET started_at = now() WHERE id = $1 AND started_at IS NULL', [id]);
  }

  async finish(tx: Transaction, id: string): Promise<void> {
    await tx.query('UPDATE bulk_acts SET finished_at = now(), reason = NULL WHERE id = $1 AND finished_at IS NULL', [
      id,
    ]);
  }

  /** The next rows that nothing was done with yet. */
  async due(tx: Transaction, id: string, limit: number): Promise<BulkRow[]> {
    return tx.query(
      `SELECT position, user_id AS "userId" FROM bulk_act_rows WHERE act_id = $1 AND outcome IS NULL
       ORDER BY position LIMIT $2`,
      [id, limit],
    );
  }

  /**
   * Records what became of a row, once. Others who record the same row wait for this transaction.
   * @returns false if it is recorded already: then the caller has to undo what it has done
   */
  async record(tx: Transaction, actId: string, row: BulkRow, result: BulkResult): Promise<boolean> {
    const { outcome, code = null, detail } = result;
    const sealer = detail === undefined ? undefined : await this.personalData.sealer(tx, row.userId);
    const sealed = sealer?.seal(Buffer.from(detail ?? ''), labelOf(actId)) ?? null;
    const [recorded] = await tx.query<[unknown[], number]>(
      `UPDATE bulk_act_rows SET outcome = $3, code = $4, detail = $5
       WHERE act_id = $1 AND position = $2 AND outcome IS NULL RETURNING position`,
      [actId, row.position, outcome, code, sealed],
    );
    return recorded.length === 1;
  }

  async progress(tx: Transaction, id: string): Promise<Progress> {
    const rows = await tx.query<ResultRow[]>(
      `SELECT user_id, outcome, code, detail AS sealed FROM bulk_act_rows WHERE act_id = $1 ORDER BY position`,
      [id],
    );
    const explained = rows.flatMap(({ sealed, user_id }) => (sealed ? [user_id] : []));
    const sealers = await this.personalData.sealers(tx, explained);
    const done = rows.flatMap(({ user_id: userId, outcome, code, sealed }) => {
      // In spite of the type: null while it is due.
      if ((outcome as string | null) === null) return [];
      const detail = sealed ? sealers.get(userId)?.open(sealed, labelOf(id)).toString() : undefined;
      return [{ userId, outcome, ...(code && { code }), detail }];
    });
    return { total: rows.length, done };
  }

  /** Results that are kept no longer. */
  async removeOld(): Promise<void> {
    await this.transactions.run(async (tx) => {
      await tx.query("DELETE FROM bulk_acts WHERE created_at < now() - $1 * interval '1 day'", [KEPT_DAYS]);
    });
  }
}
