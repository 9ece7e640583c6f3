import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { LiveSessions } from '../../access/live-sessions.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import type { NewUserEvent } from '../../events/catalogue.js';
import { problemFrom } from '../../http/problem.js';
import { Jobs } from '../../jobs/jobs.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { changeRole, reinstate, suspend } from '../aggregate/decide.js';
import type { UserState } from '../aggregate/user.js';
import { UserActions } from '../api/user-actions.js';
import type { BulkAct, BulkResult, BulkRow } from './bulk-act.js';
import { BulkActs } from './bulk-acts.js';
import { MakerSignedOut } from './bulk-errors.js';

const JOB = 'users.bulk';
/** Rows in one run of the job: few, so that other jobs get their turn and a shutdown does not wait. */
const ROWS_A_RUN = 20;
const ATTEMPTS = 3;
const PAUSE_MS = 200;

/** Somebody else has acted on the row meanwhile: what this transaction did is rolled back. */
class ActedOnAlready extends Error {}

/**
 * Acts on the rows of a bulk act, one after the other, each in a transaction of its own and with the rights that its maker has at
 * that moment. The outcome is recorded in the transaction of the act: whatever is killed, a row is acted on once.
 */
@Injectable()
export class BulkRunner implements OnModuleInit {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly transactions: Transactions,
    private readonly actions: UserActions,
    private readonly acts: BulkActs,
    private readonly sessions: LiveSessions,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handle<{ readonly id: string }>(JOB, ({ id }) => this.run(id));
  }

  /** Has the act done after the commit of this transaction. */
  async enqueue(tx: Transaction, id: string): Promise<void> {
    await this.jobs.enqueue(tx, JOB, { id }, { key: `${JOB}:${id}` });
  }

  private async run(id: string): Promise<void> {
    const [act, rows] = await this.transactions.run(async (tx) => {
      await this.acts.start(tx, id);
      return [await this.acts.find(tx, id), await this.acts.due(tx, id, ROWS_A_RUN)] as const;
    });
    if (!act || act.finishedAt !== null) return;
    for (const row of rows) await this.actOn(act, row);
    await this.transactions.run(async (tx) => {
      const [more] = await this.acts.due(tx, id, 1);
      await (more ? this.enqueue(tx, id) : this.acts.finish(tx, id));
    });
  }

  private async actOn(act: BulkAct, row: BulkRow): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.perform(act, row);
        return;
      } catch (error) {
        if (error instanceof ActedOnAlready) return;
        const { status, code, detail } = problemFrom(error, { instance: `/users/${row.userId}`, traceId: act.traceId });
        // The job is tried again later, when what is away has come back.
        if (status === 503) throw error;
        const isRefusal = status < 500 && code !== 'version-conflict';
        if (isRefusal || attempt === ATTEMPTS) {
          if (!isRefusal) this.log.error({ err: error, traceId: act.traceId }, 'a row of a bulk act has failed');
          await this.record(act, row, { outcome: isRefusal ? 'refused' : 'failed', code, detail });
          return;
        }
        await sleep(PAUSE_MS * attempt);
      }
    }
  }

  private async perform(act: BulkAct, { position, userId }: BulkRow): Promise<void> {
    const caller = await this.sessions.callerNow(act.sessionId);
    if (caller?.userId !== act.makerId) throw new MakerSignedOut();
    const context: RequestContext = {
      actor: { kind: 'user', id: caller.userId, role: caller.role },
      traceId: act.traceId,
      ip: null,
      userAgent: null,
    };
    await this.actions.perform({ id: userId, action: act.action, caller, context }, decisionOf(act), async (tx) => {
      const isFirst = await this.acts.record(tx, act.id, { position, userId }, { outcome: 'succeeded' });
      if (!isFirst) throw new ActedOnAlready();
    });
  }

  private async record(act: BulkAct, row: BulkRow, result: BulkResult): Promise<void> {
    await this.transactions.run((tx) => this.acts.record(tx, act.id, row, result));
  }
}

/** The same decision as that of the single act. */
function decisionOf({
  action,
  role,
  reason,
}: BulkAct): (state: UserState, otherActiveAdmins: number) => NewUserEvent[] {
  if (action === 'suspend') return (state, others) => suspend(state, reason, others);
  if (action === 'reinstate') return reinstate;
  if (role === null) throw new Error('A bulk change of roles without a role');
  return (state, others) => changeRole(state, role, others);
}
