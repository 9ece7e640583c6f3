import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Batcher } from '../../async/batcher.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { MailLeases, type MailOutcome } from './mail-leases.js';

const RETRY_AFTER_MS = 500;

/**
 * Records the outcomes of mails, in batches. While the database is away it retries: a mail whose outcome is not recorded is sent
 * twice.
 */
@Injectable()
export class MailOutcomes {
  private readonly batcher = new Batcher<MailOutcome>((outcomes) => this.recordBatch(outcomes));
  private hasGivenUp = false;

  constructor(
    @InjectLog() private readonly log: Log,
    private readonly leases: MailLeases,
  ) {}

  /** Returns when the outcome is recorded. */
  async record(outcome: MailOutcome): Promise<void> {
    await this.batcher.submit(outcome);
  }

  /** Ends the retries, because the process ends: what is not recorded by now will not be. */
  giveUp(): void {
    this.hasGivenUp = true;
  }

  private async recordBatch(outcomes: readonly MailOutcome[]): Promise<void> {
    while (!(await this.isRecorded(outcomes)) && !this.hasGivenUp) await sleep(RETRY_AFTER_MS);
  }

  private async isRecorded(outcomes: readonly MailOutcome[]): Promise<boolean> {
    try {
      await this.leases.record(outcomes);
      return true;
    } catch (err) {
      this.log.warn({ err, mails: outcomes.length }, 'could not record the outcomes of mails; retrying');
      return false;
    }
  }
}
