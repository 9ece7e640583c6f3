import type pg from 'pg';

/** Whether a pooler that gives out connections by transaction stands between. */
export interface SessionKind {
  readonly pooled?: boolean;
  /** For work that takes as long as it takes, such as a migration: no limit of the role ends it half-way. */
  readonly patient?: boolean;
  /** Gives up a lock that it does not get in so many milliseconds. */
  readonly lockTimeoutMs?: number;
}

/** What the text of values hangs on. PostgreSQL reports these to its client, so that poolers carry them along with it. */
const REPORTED = `
  SET DateStyle = 'ISO, MDY'; SET IntervalStyle = postgres; SET TimeZone = 'UTC'; SET standard_conforming_strings = on;`;

const OF_A_SESSION = `
  SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off; SET bytea_output = hex;
  SET extra_float_digits = 1; SET array_nulls = on; SET transform_null_equals = off; SET row_security = on;`;

// There is no transaction_timeout before PostgreSQL 17.
const WITHOUT_LIMITS = `
  SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0;
  SELECT set_config('transaction_timeout', '0', false) WHERE current_setting('transaction_timeout', true) IS NOT NULL;`;

/** A server that says nothing for so long to a new connection is taken for lost. */
const ANSWER_WITHIN_MS = 5000;

/**
 * Makes a new session work as our statements expect, whatever its role or database has for defaults (`ALTER ROLE ... SET`). These
 * are PostgreSQL's own. `search_path` is left alone, for it names our schema, and so are limits of time and
 * `default_transaction_read_only`: they are an operator's to set.
 *
 * By SET rather than in the startup message, where poolers refuse what they do not know. What one in transaction mode would leave
 * on a connection that is the next client's is left out: there, transactions say their isolation themselves.
 */
export async function settleSession(client: pg.ClientBase, kind: SessionKind = {}): Promise<void> {
  const text = `${REPORTED}${kind.pooled ? '' : ofASession(kind)}`;
  const query: pg.QueryConfig & { readonly query_timeout: number } = { text, query_timeout: ANSWER_WITHIN_MS };
  await client.query(query);
}

function ofASession({ patient, lockTimeoutMs }: SessionKind): string {
  const limit = lockTimeoutMs === undefined ? '' : `SET lock_timeout = ${lockTimeoutMs};`;
  return `${OF_A_SESSION}${patient ? WITHOUT_LIMITS : ''}${limit}`;
}
