import { ApiProblem, Unreachable } from './api-problem.js';

const ATTEMPTS = 4;
const LONGEST_WAIT_MS = 30_000;

/** Whether a query asks again by itself: when the server was busy, restarting or out of reach, never after another refusal. */
export function asksAgain(failures: number, error: Error): boolean {
  if (error instanceof Unreachable) return failures < ATTEMPTS;
  if (!(error instanceof ApiProblem)) return false;
  if (error.status === 429) return error.retryAfter !== undefined && failures < 2;
  return [502, 503, 504].includes(error.status) && failures < ATTEMPTS;
}

/** After how many milliseconds: as the server says, otherwise a second and then twice as long each time. */
export function waitBefore(failures: number, error: Error): number {
  const told = error instanceof ApiProblem ? error.retryAfter : undefined;
  return Math.min(told === undefined ? 1000 * 2 ** failures : Math.max(told, 0.5) * 1000, LONGEST_WAIT_MS);
}
