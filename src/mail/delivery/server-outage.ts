import { backoff } from '../../async/backoff.js';

const PAUSE_BACKOFF = { firstMs: 1000, longestMs: 15_000 };

/**
 * The outage of the SMTP server. While it lasts, one attempt at a time probes the server, after 1, 2, 4, 8 and then every 15 seconds. The
 * backoff belongs to the server, not to each mail, so all waiting mails can be sent as soon as it answers.
 */
export class ServerOutage {
  private faults = 0;
  private nextTryAt = 0;

  /** @param now a monotonic clock in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  get lasts(): boolean {
    return this.faults > 0;
  }

  /** Milliseconds until the next probe. */
  get pauseMs(): number {
    return this.lasts ? Math.max(0, this.nextTryAt - this.now()) : 0;
  }

  /** @returns true when the outage is new */
  begin(): boolean {
    // Concurrent attempts fail for the same reason.
    if (this.pauseMs > 0) return false;
    this.faults++;
    this.nextTryAt = this.now() + backoff(this.faults, PAUSE_BACKOFF);
    return this.faults === 1;
  }

  /** @returns true when there was an outage */
  end(): boolean {
    const lasted = this.lasts;
    this.faults = 0;
    return lasted;
  }
}

const RETRY_BACKOFF = { firstMs: 5000, longestMs: 3_600_000 };

/**
 * The wait before the next attempt of a mail that the server has refused for now, such as by greylisting: 5 seconds at first, doubling to
 * an hour, with a jitter of a tenth so that mails refused together do not come back together.
 * @param tries attempts so far
 * @param chance from 0 to 1
 */
export function retryDelay(tries: number, chance = Math.random()): number {
  return backoff(tries, RETRY_BACKOFF) * (0.9 + chance * 0.2);
}
