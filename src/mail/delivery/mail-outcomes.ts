import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { InjectLog, type Log } from '../../ops/log.js';
import { MailsInHand, type Outcome } from './mails-in-hand.js';

interface Waiting {
  readonly outcome: Outcome;
  readonly recorded: (nothing: undefined) => void;
}

const TRY_AGAIN_MS = 500;

/**
 * Writes down what became of mails: those that come while one statement is under way go together with the next. While the
 * database is away it tries again and again, for what is forgotten is sent twice.
 */
@Injectable()
export class MailOutcomes {
  private waiting: Waiting[] = [];
  private writing: Promise<void> | undefined;
  private hasGivenUp = false;

  constructor(
    @InjectLog() private readonly log: Log,
    private readonly inHand: MailsInHand,
  ) {}

  /** Returns when it is written down. */
  async record(outcome: Outcome): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.waiting.push({ outcome, recorded: resolve });
    this.writing ??= this.write().finally(() => (this.writing = undefined));
    await promise;
  }

  /** What is not written down by now will not be: the process ends. */
  giveUp(): void {
    this.hasGivenUp = true;
  }

  private async write(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0);
      const outcomes = batch.map(({ outcome }) => outcome);
      while (!(await this.hasWritten(outcomes)) && !this.hasGivenUp) await sleep(TRY_AGAIN_MS);
      for (const { recorded } of batch) recorded(undefined);
    }
  }

  private async hasWritten(outcomes: readonly Outcome[]): Promise<boolean> {
    try {
      await this.inHand.record(outcomes);
      return true;
    } catch (err) {
      this.log.warn({ err, mails: outcomes.length }, 'what became of mails could not be recorded; trying again');
      return false;
    }
  }
}
