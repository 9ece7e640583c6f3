import type pg from 'pg';
import { traceStatements } from '../tracing/statement-spans.js';

/** Whether the connection goes through a pooler in transaction mode. */
export interface SessionKind {
  readonly pooled?: boolean;
  /** For work of any duration, such as a migration: disables time limits of the role. */
  readonly patient?: boolean;
  /** The `lock_timeout`, in milliseconds. */
  readonly lockTimeoutMs?: number;
}

/** Settings that affect the text format of values. PostgreSQL reports these to clients, so poolers preserve them per client. */
const REPORTED = `
  SET DateStyle = 'ISO, MDY'; SET IntervalStyle = postgres; SET TimeZone = 'UTC'; SET standard_conforming_strings = on;`;

const OF_A_SESSION = `
  SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off; SET bytea_output = hex;
  SET extra_float_digits = 1; SET array_nulls = on; SET transform_null_equals = off; SET row_security = on;`;

// There is no transaction_timeout before PostgreSQL 17.
const WITHOUT_LIMITS = `
  SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0;
  SELECT set_config('transaction_timeout', '0', false) WHERE current_setting('transaction_timeout', true) IS NOT NULL;`;

/** A server that is silent on a new connection for this long is considered lost. */
const ANSWER_WITHIN_MS = 5000;

/**
 * Resets a new session to PostgreSQL's defaults, which our statements expect, whatever defaults its role or database has (`ALTER
 * ROLE ... SET`). Not `search_path`, which names our schema, nor time limits and `default_transaction_read_only`, which the
 * operator may set.
 *
 * With SET rather than in the startup message, where poolers refuse unknown parameters. Settings that a pooler in transaction mode
 * would leak to the next client are left out: there, each transaction sets its isolation level.
 */
export async function settleSession(client: pg.ClientBase, kind: SessionKind = {}): Promise<void> {
  const text = `${REPORTED}${kind.pooled ? '' : ofASession(kind)}`;
  const query: pg.QueryConfig & { readonly query_timeout: number } = { text, query_timeout: ANSWER_WITHIN_MS };
  await client.query(query);
  traceStatements(client);
}

function ofASession({ patient, lockTimeoutMs }: SessionKind): string {
  const limit = lockTimeoutMs === undefined ? '' : `SET lock_timeout = ${lockTimeoutMs};`;
  return `${OF_A_SESSION}${patient ? WITHOUT_LIMITS : ''}${limit}`;
}
