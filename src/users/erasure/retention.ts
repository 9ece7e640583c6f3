import { Injectable, type OnModuleInit } from '@nestjs/common';
import { systemContext } from '../../access/caller.js';
import { inBatches } from '../../async/in-batches.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Transactions } from '../../database/transaction.js';
import { newTraceId } from '../../config/trace-id.js';
import { Jobs } from '../../jobs/jobs.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { erase } from '../aggregate/decide.js';
import { UserStore } from '../store/user-store.js';

const EVERY_HOUR = '47 * * * *';
const BATCH = 100;

/** Erases users who were deleted longer than `DELETED_RETENTION` ago. */
@Injectable()
export class Retention implements OnModuleInit {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_HOUR, 'users.retention', () => this.eraseDue());
  }

  /** In batches, each in its own transaction, so that no lock is held for long. */
  async eraseDue(): Promise<void> {
    const context = systemContext(newTraceId());
    const erased = await inBatches(BATCH, () =>
      this.transactions.run(async (tx) => {
        const due = await this.users.deletedLongAgo(tx, this.settings.DELETED_RETENTION, BATCH);
        // A deleted user is not an active admin, so none of them can be the last one.
        for (const id of due) await this.users.change(tx, id, (state) => erase(state, 'retention', 1), context);
        return due.length;
      }),
    );
    if (erased > 0) this.log.info({ erased, traceId: context.traceId }, 'deleted users erased');
  }
}
