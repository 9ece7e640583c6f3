import { backoff } from '../../async/backoff.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long after each try in vain the next one follows: nine tries in a day. */
const WAITS_MS = [5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 8 * HOUR, 8 * HOUR];

/** So much of a wait is left to chance, so that what failed together does not come back together. */
const JITTER = 0.1;

/** After so many tries in a row that an endpoint did not take, it gets one at a time, with pauses. */
export const FAILURES_BEFORE_PAUSES = 5;
const PAUSE_BACKOFF = { firstMs: 5 * SECOND, longestMs: 5 * MINUTE };

/** An endpoint that took nothing for so long, in so many tries at least, is switched off. */
export const DISABLE_AFTER_MS = 3 * 24 * HOUR;
export const DISABLE_AFTER_FAILURES = 10;

/**
 * @param tries that were in vain so far, this one included
 * @param chance from 0 to 1
 * @returns the milliseconds until the next; undefined after the last, when the delivery is given up
 */
export function waitAfter(tries: number, chance = Math.random()): number | undefined {
  const wait = WAITS_MS[tries - 1];
  return wait === undefined ? undefined : Math.round(wait * (1 + JITTER * chance));
}

/** @returns for how many milliseconds an endpoint is left alone after so many failures in a row; 0 while they are few */
export function pauseAfter(failures: number): number {
  return failures < FAILURES_BEFORE_PAUSES ? 0 : backoff(failures - FAILURES_BEFORE_PAUSES + 1, PAUSE_BACKOFF);
}
