import { backoff } from '../../async/backoff.js';

const PAUSE_BACKOFF = { firstMs: 1000, longestMs: 15_000 };

/**
 * Whether the SMTP server can be used. While it cannot, one try at a time finds out when that is over, 1, 2, 4, 8 and then every
 * 15 seconds: it is the server that is given time, not each mail, so all that wait may leave as soon as it answers.
 */
export class ServerOutage {
  private faults = 0;
  private nextTryAt = 0;

  /** @param now reads a clock that only goes forward, in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  get lasts(): boolean {
    return this.faults > 0;
  }

  /** Until the server should be tried again. */
  get pauseMs(): number {
    return this.lasts ? Math.max(0, this.nextTryAt - this.now()) : 0;
  }

  /** @returns true when this is news */
  begin(): boolean {
    // What was under way at the same time fails for the same reason.
    if (this.pauseMs > 0) return false;
    this.faults++;
    this.nextTryAt = this.now() + backoff(this.faults, PAUSE_BACKOFF);
    return this.faults === 1;
  }

  /** @returns true when this is news */
  end(): boolean {
    const lasted = this.lasts;
    this.faults = 0;
    return lasted;
  }
}

const RETRY_BACKOFF = { firstMs: 5000, longestMs: 3_600_000 };

/**
 * How long a mail waits that the server did not take this time, such as one by greylisting: 5 seconds at first, doubling to an hour,
 * spread by a fifth so that mails refused together do not come back together.
 * @param tries that it had
 * @param chance from 0 to 1
 */
export function retryDelay(tries: number, chance = Math.random()): number {
  return backoff(tries, RETRY_BACKOFF) * (0.9 + chance * 0.2);
}
