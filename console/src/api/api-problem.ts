import type { FieldError, Problem, ProblemCode } from './schema.js';

/** A refusal of the API: its problem (RFC 9457), and after how many seconds to try again, if it says so. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  /** Stable, unlike the words. Answers that are not the API's own, such as those of a proxy, have none. */
  readonly code: ProblemCode | undefined;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly traceId: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(status: number, problem: Partial<Problem>, retryAfter?: number) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = problem.code;
    this.title = problem.title ?? `HTTP ${status}`;
    this.detail = problem.detail ?? '';
    this.errors = problem.errors ?? [];
    this.traceId = problem.traceId;
    this.retryAfter = retryAfter;
  }

  /** What is wrong with this field of the request; undefined if nothing is. */
  fieldError(path: string): string | undefined {
    return this.errors.find((error) => error.path === path)?.message;
  }
}

/** There was no answer at all: the network is down, or the server is. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** The problem that a response carries. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  const problem = isProblem ? ((await response.json()) as Problem) : {};
  const traceId = response.headers.get('x-trace-id') ?? undefined;
  return new ApiProblem(
    response.status,
    { ...(traceId !== undefined && { traceId }), ...problem },
    secondsOf(response.headers.get('retry-after')),
  );
}

/** RFC 9110, 10.2.3: seconds or a date. */
export function secondsOf(retryAfter: string | null, now: Date = new Date()): number | undefined {
  if (retryAfter === null || retryAfter.trim() === '') return undefined;
  const seconds = Number(retryAfter);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now.getTime()) / 1000));
}
