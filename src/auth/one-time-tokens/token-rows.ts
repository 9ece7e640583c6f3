import { randomBytes } from 'node:crypto';
import type { RequestContext } from '../../access/caller.js';
import type { TokenPurpose } from '../../events/catalogue.js';
import type { EndedLink, LinkEnd } from './token-expired-or-used.js';

const NONCE_BYTES = 32;

export const newNonce = (): Buffer => randomBytes(NONCE_BYTES);

/** Purposes without whose link an account could never be used. */
const RENEWED_AFTER_EXPIRY: ReadonlySet<TokenPurpose> = new Set(['verify-email', 'invitation']);

/** Purposes whose mails and pages show the origin of the registration, even if others request the link again. */
export const TELLS_ITS_BEGINNING: ReadonlySet<TokenPurpose> = new Set(['verify-email']);

export interface TokenRow {
  readonly id: string;
  readonly user_id: string;
  /** With the subject, if any: `confirm-contact:<id>`. */
  readonly purpose: string;
  readonly key_id: string;
  readonly nonce: Buffer;
  readonly requested_ip: string | null;
  readonly requested_user_agent: string | null;
  readonly requested_session_id: string | null;
  readonly requested_at: Date;
  readonly expires_at: Date;
  readonly new_password_required: boolean;
  readonly locale: string | null;
}

/** A presented token and its state. */
export interface FoundRow extends TokenRow {
  /** Null while it is valid. */
  readonly how: LinkEnd | null;
  readonly account: EndedLink['account'];
}

/** A token for a mail, renewed if necessary. */
export interface DueRow extends TokenRow {
  readonly place: number;
  readonly is_late: boolean;
  readonly address: string | null;
  readonly ms_left: number;
}

/** The link of a mail. */
export interface WantedLink {
  readonly userId: string;
  readonly purpose: TokenPurpose;
  /** Lifetime of a new one, in milliseconds. */
  readonly ttl: number;
  readonly subject: string;
  /** Whether to create it if there is none. */
  readonly isMade?: boolean;
}

/** Origin of a link request, and the session of the user, if any. */
export interface LinkOrigin extends Pick<RequestContext, 'ip' | 'userAgent'> {
  readonly sessionId?: string | null;
}

/** Purpose and origin of a valid token. */
export interface TokenDetails {
  readonly id: string;
  readonly userId: string;
  /** The subject, such as the id of a contact; empty if there is only one link of its purpose. */
  readonly subject: string;
  readonly requestedAt: Date;
  readonly requestedIp: string | null;
  readonly requestedUserAgent: string | null;
  /** The session in which it was requested, if any. */
  readonly requestedSessionId: string | null;
  readonly expiresAt: Date;
  /** Whether the password of the account may have been set by somebody other than the reader of the mail. */
  readonly newPasswordRequired: boolean;
  /** The user's locale, for the pages of the link. */
  readonly locale: string | null;
}

/** A token for a mail, with its purpose. */
export interface DeliverableToken extends TokenDetails {
  readonly token: string;
  /** That of the user, read with the token: it is the one that a mail may take this token to. */
  readonly address: string | null;
  /** Remaining lifetime in milliseconds, by the database clock. */
  readonly msLeft: number;
}

/** What a renewed link inherits from the previous one. */
export interface Beginning extends LinkOrigin {
  readonly requestedAt: Date;
  readonly newPasswordRequired: boolean;
}

/** A link and whether its account is suspended, in which case the page does not offer to sign in. */
export interface UsedLink extends TokenDetails {
  readonly isSuspended: boolean;
}

/** By id and purpose, among valid and ended links. */
export const FIND = `
  SELECT tokens.*, locale,
    CASE WHEN deleted_at IS NOT NULL THEN 'deleted' WHEN suspended_at IS NOT NULL THEN 'suspended' ELSE 'open' END AS account
  FROM (
    SELECT id, user_id, purpose, key_id, nonce, requested_ip, requested_user_agent, requested_session_id, requested_at, expires_at,
      new_password_required,
      CASE WHEN used_at IS NOT NULL THEN 'used' WHEN expires_at <= now() THEN 'expired' END AS how
    FROM one_time_tokens
    UNION ALL
    SELECT id, user_id, purpose, key_id, nonce, NULL, NULL, NULL, created_at, ended_at, false, how FROM ended_links
  ) AS tokens JOIN users ON users.id = user_id
  WHERE tokens.id = $1 AND split_part(purpose, ':', 1) = $2`;

/** Of a user, by the column `purpose`. */
export const FIND_BEGINNING = `
  SELECT requested_at AS "requestedAt", new_password_required AS "newPasswordRequired", host(requested_ip) AS ip,
    requested_user_agent AS "userAgent", requested_session_id AS "sessionId"
  FROM one_time_tokens WHERE user_id = $1 AND purpose = $2`;

export function details(row: TokenRow): TokenDetails {
  return {
    id: row.id,
    userId: row.user_id,
    subject: row.purpose.split(':')[1] ?? '',
    requestedAt: row.requested_at,
    requestedIp: row.requested_ip,
    requestedUserAgent: row.requested_user_agent,
    requestedSessionId: row.requested_session_id,
    expiresAt: row.expires_at,
    newPasswordRequired: row.new_password_required,
    locale: row.locale,
  };
}

export function deliverable(row: DueRow, mac: Buffer | undefined): DeliverableToken {
  const token = `${row.id.replaceAll('-', '')}.${mac?.toString('base64url')}`;
  return { ...details(row), token, address: row.address, msLeft: row.ms_left };
}

/** A purpose with its subject, if any, as stored in the column `purpose`. */
export function columnOf(purpose: TokenPurpose, subject: string): string {
  return subject === '' ? purpose : `${purpose}:${subject}`;
}

export function originParameters(origin?: LinkOrigin): (string | null)[] {
  return [origin?.ip ?? null, origin?.userAgent ?? null, origin?.sessionId ?? null];
}

/** Replaces the existing token, used or not. */
export const REPLACE = `
  INSERT INTO one_time_tokens (id, user_id, purpose, key_id, nonce, expires_at, requested_at, new_password_required,
    requested_ip, requested_user_agent, requested_session_id)
  VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 ms', coalesce($7, now()), $8, $9, $10, $11)
  ON CONFLICT (user_id, purpose) DO UPDATE SET (id, key_id, nonce, created_at, expires_at, used_at, requested_at,
    new_password_required, requested_ip, requested_user_agent, requested_session_id) = (excluded.id, excluded.key_id,
    excluded.nonce, now(), excluded.expires_at, NULL, excluded.requested_at, excluded.new_password_required,
    excluded.requested_ip, excluded.requested_user_agent, excluded.requested_session_id)
  RETURNING *, NULL AS locale`;

/** By id: of any number of concurrent uses, one returns a row. */
export const USE = `
  UPDATE one_time_tokens SET used_at = now() WHERE id = $1 AND used_at IS NULL AND expires_at > now() RETURNING id`;

/** Extends the valid token of a user and purpose, and names its new requester if there is one to show. */
export const PROLONG = `
  UPDATE one_time_tokens SET
    expires_at = greatest(expires_at, least(now(), created_at + $3 * interval '1 ms') + $3 * interval '1 ms'),
    (requested_at, requested_ip, requested_user_agent, requested_session_id) = (
      SELECT now(), $5::inet, $6, $7::uuid WHERE $4
      UNION ALL SELECT requested_at, requested_ip, requested_user_agent, requested_session_id WHERE NOT $4)
  WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now() RETURNING expires_at`;

/**
 * The tokens of links that are to be mailed, each with the place of its link. The arrays are sub-selects: of a bare parameter PostgreSQL
 * would count the elements, and plan each time anew because of what it counted.
 */
export const DUE = `
  SELECT tokens.*, (SELECT locale FROM users WHERE users.id = tokens.user_id) AS locale,
    (SELECT email FROM users WHERE users.id = tokens.user_id) AS address,
    link.place::int, expires_at < now() + link.least * interval '1 millisecond' AS is_late,
    extract(epoch FROM expires_at - now())::float8 * 1000 AS ms_left
  FROM unnest((SELECT $1::uuid[]), (SELECT $2::text[]), (SELECT $3::float8[]), (SELECT $4::boolean[])) WITH ORDINALITY
    AS link (user_id, purpose, least, is_renewed, place)
  JOIN one_time_tokens AS tokens ON tokens.user_id = link.user_id AND tokens.purpose = link.purpose
  WHERE used_at IS NULL AND (expires_at > now() OR link.is_renewed)`;

/** The parameters of `DUE`. */
export const dueParameters = (links: readonly WantedLink[]): unknown[][] => [
  links.map(({ userId }) => userId),
  links.map(({ purpose, subject }) => columnOf(purpose, subject)),
  links.map(({ ttl }) => ttl / 2),
  links.map(({ purpose }) => RENEWED_AFTER_EXPIRY.has(purpose)),
];

/** What tells one link from the others. */
export function keyOf({ userId, purpose, subject }: WantedLink): string {
  return `${userId} ${columnOf(purpose, subject)}`;
}
