import { HttpException } from '@nestjs/common';
import { UnsupportedBody } from './request/body.js';
import { type ContinueWith, DomainError, type FieldError } from '../problems/domain-error.js';
import { shownPath } from './request/shown-path.js';
import { codeForStatus, PROBLEMS, type ProblemCode } from '../problems/problem-catalogue.js';

/** The body of every error answer (RFC 9457, `application/problem+json`). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ProblemCode;
  readonly traceId: string;
  readonly errors?: readonly FieldError[];
  readonly continueWith?: ContinueWith;
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

interface Where {
  readonly instance: string;
  readonly traceId: string;
}

/** The problem for an error. Unexpected errors disclose nothing but the trace id, to look up in the logs. */
export function problemFrom(error: unknown, where: Where): Problem {
  if (error instanceof DomainError) {
    const { errors, continueWith } = error;
    return { ...problem(knownCode(error.code), error.message, where, errors), ...(continueWith && { continueWith }) };
  }
  const status = isUnreachable(error) ? 503 : statusOf(error);
  if (status === 503) {
    return problem(
      'unavailable',
      'A service that this request depends on does not respond. Try again in a moment.',
      where,
    );
  }
  if (status === undefined || status >= 500) {
    const code = 'internal-error';
    return problem(
      code,
      `Your request was fine; the error is ours. Please report the trace id ${where.traceId}.`,
      where,
    );
  }
  const code = codeForStatus(status);
  return { ...problem(code, detailOf(error, code), where), status };
}

/** The headers of a problem: how to authenticate (RFC 9110, 11.6.1), when to retry (10.2.3), or what is accepted (15.5.16). */
export function problemHeaders(error: unknown, { status }: Problem): Record<string, string> {
  const retryAfter = error instanceof DomainError ? error.retryAfterSeconds : undefined;
  return {
    // Even if the route allows caching.
    'cache-control': 'no-store',
    ...((status === 401 || challengeIn(error) !== undefined) && { 'www-authenticate': challengeIn(error) ?? 'Bearer' }),
    ...(error instanceof UnsupportedBody &&
      error.acceptEncoding !== undefined && { 'accept-encoding': error.acceptEncoding }),
    ...((retryAfter !== undefined || status === 503) && { 'retry-after': String(retryAfter ?? 1) }),
  };
}

function challengeIn(error: unknown): string | undefined {
  return error instanceof DomainError ? error.challenge : undefined;
}

function problem(code: ProblemCode, detail: string, where: Where, errors?: readonly FieldError[]): Problem {
  const { status, title } = PROBLEMS[code];
  return {
    type: `urn:roster:problem:${code}`,
    title,
    status,
    detail,
    instance: shownPath(where.instance),
    code,
    traceId: where.traceId,
    ...(errors && { errors }),
  };
}

function knownCode(code: string): ProblemCode {
  return Object.hasOwn(PROBLEMS, code) ? (code as ProblemCode) : 'bad-request';
}

// Socket errors, and SQLSTATEs of PostgreSQL when it starts or stops (57P0x, class 08), is out of resources (53), is read-only
// (25006), ends a session or statement that took too long (25P03, 25P04, 55P03, 57014), or could not serialise two transactions in
// spite of retries (40001, 40P01).
const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|57P0[1-5]|57014|55P03|53...|40001|40P01|25006|25P0[34]|08...)$/;
const WITHOUT_CODE =
  /^(Connection terminated|timeout exceeded when trying|timeout expired|Query read timeout|Client has encountered a connection error|Client was closed|Query runner already released|Database connection provided by a query runner was already released)/;

/** Whether a service that a request depends on is away or takes no requests for now, such as a database without its primary. */
export function isUnreachable(error: unknown): boolean {
  const { code, message, routine, driverError, errors } = (error ?? {}) as Record<string, unknown>;
  if (typeof code === 'string' && UNREACHABLE.test(code)) return true;
  // An unlogged table on a standby.
  if (code === '0A000' && routine === 'get_relation_info') return true;
  // pg has no code for a connection that ended during a query or for its timeouts, nor has TypeORM for a connection that ended
  // between two statements.
  if (typeof message === 'string' && WITHOUT_CODE.test(message)) return true;
  const causes = [driverError, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return causes.some((cause) => cause !== undefined && isUnreachable(cause));
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  // Fastify's own errors carry `statusCode`.
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : undefined;
}

const DETAILS: Partial<Record<ProblemCode, string>> = {
  'not-authenticated': 'Send an access token: Authorization: Bearer <token>. POST /auth/login issues one.',
  forbidden: 'Your role does not allow this.',
  'not-found': 'No such path. The API is described at /docs, where that is enabled.',
  'body-too-large': 'A request body may have at most 64 KB.',
  'unsupported-media-type': 'Send the body as application/json.',
};

function detailOf(error: unknown, code: ProblemCode): string {
  return DETAILS[code] ?? (error instanceof Error ? error.message : PROBLEMS[code].title);
}
