/** The time, injected so that tests can move it. What expires is decided by the database's clock, not by this one. */
export abstract class Clock {
  abstract now(): Date;
}

/** The clock of this machine, less what it is known to be ahead. */
export class SystemClock extends Clock {
  /** In milliseconds; below 0 where it is behind. See `DatabaseTime`. */
  aheadMs = 0;

  now(): Date {
    return new Date(Date.now() - this.aheadMs);
  }
}
