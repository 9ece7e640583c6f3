import { Logger, type OnModuleDestroy } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { type Clock, SystemClock } from '../config/clock.js';

const EVERY_MS = 60_000;
/** What clocks that are kept by NTP never differ by. Below it, the way to the database and back is most of the difference. */
const LEFT_ALONE_MS = 2000;
/** An answer that took longer says too little about the time. */
const ANSWER_WITHIN_MS = 1000;

/**
 * Servers whose clocks differ must take the tokens of one another, so a clock that is off by more than two seconds is corrected by that
 * of PostgreSQL, which all of them share: at the start, and looked at again each minute.
 */
export class DatabaseTime implements OnModuleDestroy {
  private readonly logger = new Logger('DatabaseTime');
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly dataSource: DataSource,
  ) {}

  async start(): Promise<void> {
    if (!(this.clock instanceof SystemClock)) return;
    await this.compare(this.clock);
    this.timer = setInterval(() => void this.compare(this.clock as SystemClock), EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async compare(clock: SystemClock): Promise<void> {
    const [begin, sentAt] = [performance.now(), Date.now()];
    try {
      const [row] = await this.dataSource.query<{ ms: string }[]>(
        'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms',
      );
      const tookMs = performance.now() - begin;
      if (tookMs > ANSWER_WITHIN_MS) return;
      const aheadMs = Math.round(sentAt + tookMs / 2 - Number(row?.ms));
      this.correct(clock, Math.abs(aheadMs) > LEFT_ALONE_MS ? aheadMs : 0);
    } catch {
      // Without the database there is nothing to be signed. It is compared again in a minute.
    }
  }

  private correct(clock: SystemClock, aheadMs: number): void {
    if (Math.abs(aheadMs - clock.aheadMs) <= LEFT_ALONE_MS) return;
    clock.aheadMs = aheadMs;
    const seconds = Math.round(Math.abs(aheadMs) / 1000);
    const side = aheadMs > 0 ? 'ahead of' : 'behind';
    if (aheadMs === 0) this.logger.log('the clock of this machine agrees with the database’s again');
    else {
      this.logger.warn(
        `the clock of this machine is ${seconds} s ${side} the database’s; Roster goes by the database’s. Set it by NTP.`,
      );
    }
  }
}
