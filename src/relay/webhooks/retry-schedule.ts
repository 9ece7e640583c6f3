import { backoff } from '../../async/backoff.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The wait after each failed attempt: nine attempts in a day. */
const WAITS_MS = [5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 8 * HOUR, 8 * HOUR];

/** The random part of a wait, so that deliveries that failed together do not come back together. */
const JITTER = 0.1;

/** After this many failures in a row, an endpoint gets one attempt at a time, with pauses. */
export const FAILURES_BEFORE_PAUSES = 5;
const PAUSE_BACKOFF = { firstMs: 5 * SECOND, longestMs: 5 * MINUTE };

/** An endpoint that has accepted nothing for this long, in at least this many attempts, is disabled. */
export const DISABLE_AFTER_MS = 3 * 24 * HOUR;
export const DISABLE_AFTER_FAILURES = 10;

/**
 * @param tries failed attempts so far
 * @param chance from 0 to 1
 * @returns the milliseconds until the next attempt; undefined after the last, when the delivery has failed
 */
export function waitAfter(tries: number, chance = Math.random()): number | undefined {
  const wait = WAITS_MS[tries - 1];
  return wait === undefined ? undefined : Math.round(wait * (1 + JITTER * chance));
}

/** @returns how many milliseconds to pause an endpoint after this many failures in a row; 0 while they are few */
export function pauseAfter(failures: number): number {
  return failures < FAILURES_BEFORE_PAUSES ? 0 : backoff(failures - FAILURES_BEFORE_PAUSES + 1, PAUSE_BACKOFF);
}
