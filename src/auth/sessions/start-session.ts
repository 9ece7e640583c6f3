import { randomBytes } from 'node:crypto';
import type { RequestContext } from '../../access/caller.js';
import type { UserRole } from '../../access/role.js';
import type { Settings } from '../../config/settings.js';
import { recordSignIn } from '../../users/store/last-sign-in.js';
import { recordAuthEvent } from '../sign-in-evidence/record-auth-event.js';
import type { TokenSource } from './refresh-tokens.js';

/** Maximum number of sessions per user; one more ends the least recently used one. */
export const MAX_SESSIONS = 100;

export type SessionKind = 'API' | 'BROWSER';

/** What a new session is to be. */
export interface NewSession {
  readonly kind: SessionKind;
  /** Authentication methods (RFC 8176, 2), such as `pwd`. */
  readonly amr: readonly string[];
  /** Whether the cookie outlives the browser's own session; false by default. */
  readonly keepSignedIn?: boolean | undefined;
}

/** Whose session it is to be. */
export interface Somebody {
  readonly id: string;
  readonly role: UserRole;
  readonly version: number;
}

const NONCE_BYTES = 32;

/** What the tokens and the cookie of a session are derived from. */
export const newNonce = (): Buffer => randomBytes(NONCE_BYTES);

/** Why sessions beyond `MAX_SESSIONS` end. */
export const TOO_MANY = 'too-many-sessions';

/** The values of `START_SESSION`, and the first ones of `SIGN_IN`. */
export function startValues(
  source: TokenSource,
  user: Somebody,
  { ip, userAgent }: RequestContext,
  { kind, amr, keepSignedIn = false }: NewSession,
  { REFRESH_TOKEN_IDLE_TTL, REFRESH_TOKEN_ABSOLUTE_TTL }: Settings,
): unknown[] {
  const life = [REFRESH_TOKEN_IDLE_TTL, REFRESH_TOKEN_ABSOLUTE_TTL];
  return [
    source.id,
    user.id,
    source.key_id,
    source.nonce,
    ip,
    userAgent,
    ...life,
    kind,
    amr,
    keepSignedIn,
    TOO_MANY,
    MAX_SESSIONS - 1,
  ];
}

const START_VALUES = 13;

/**
 * Of user $2, the sessions beyond the $13 last used end, for the reason $12, unless they have ended while it waited for them. By
 * places rather than OFFSET, so that the statement is prepared (`prepareRecurring`).
 */
const END_TOO_MANY = `
    UPDATE sessions SET ended_at = now(), end_reason = $12 WHERE user_id = $2 AND ended_at IS NULL AND id IN (
      SELECT id FROM (SELECT id, row_number() OVER (ORDER BY last_used_at DESC, id DESC) AS place
        FROM sessions WHERE user_id = $2 AND ended_at IS NULL) AS open WHERE place > $13::int)
    RETURNING id`;

const START = `
  INSERT INTO sessions (id, user_id, key_id, nonce, ip, user_agent, idle_expires_at, absolute_expires_at, kind, amr, keep_signed_in)
  VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 millisecond', now() + $8 * interval '1 millisecond', $9, $10, $11)
  RETURNING amr, authenticated_at AS "authenticatedAt"`;

/** Starts a session of user $2, and before it ends those that are too many. */
export const START_SESSION = `
  WITH ended AS (${END_TOO_MANY})
  ${START}, ARRAY(SELECT id FROM ended) AS ended`;

/** As `START_SESSION`, with the time of the sign-in and its evidence: each statement of its own costs more than its work. */
export const SIGN_IN = `
  WITH ended AS (${END_TOO_MANY}),
    started AS (${START}),
    seen AS (${recordSignIn('$2')}),
    recorded AS (${recordAuthEvent(START_VALUES + 1)})
  SELECT started.*, seen.*, recorded.*, ARRAY(SELECT id FROM ended) AS ended FROM started, seen, recorded`;
