import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { RequestContext } from '../../access/caller.js';
import { Keyring } from '../../database/keyring.js';
import type { Transaction } from '../../database/transaction.js';
import type { TokenPurpose } from '../../events/catalogue.js';
import { DomainError } from '../../http/domain-error.js';

/** The link was used, replaced by a newer one, has expired, or never was one. */
export class TokenExpiredOrUsed extends DomainError {
  readonly code = 'token-expired-or-used';
  constructor() {
    super('This link is no longer good: it was used, replaced by a newer one, or has expired. Ask for a fresh one.');
  }
}

interface TokenRow {
  readonly id: string;
  readonly user_id: string;
  /** With the subject, if there is one: `confirm-contact:<id>`. */
  readonly purpose: string;
  readonly key_id: string;
  readonly nonce: Buffer;
  readonly requested_ip: string | null;
  readonly requested_user_agent: string | null;
  readonly requested_session_id: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly locale: string | null;
}

/** A token that a mail may carry, or a fresh one in its place. */
interface DueRow extends TokenRow {
  readonly place: number;
  readonly is_late: boolean;
}

/** The link that a mail is to carry. */
export interface WantedLink {
  readonly userId: string;
  readonly purpose: TokenPurpose;
  /** How long a fresh one would be good, in milliseconds. */
  readonly ttl: number;
  readonly subject: string;
}

/** From where a link is asked for, and in which session of the user, if in one. */
export interface LinkOrigin extends Pick<RequestContext, 'ip' | 'userAgent'> {
  readonly sessionId?: string | null;
}

/** What a good token is for, and who asked for it when and from where. */
export interface TokenDetails {
  readonly userId: string;
  /** What of the user it is about, such as the id of a contact; empty when there is only one of its purpose. */
  readonly subject: string;
  readonly requestedAt: Date;
  readonly requestedIp: string | null;
  readonly requestedUserAgent: string | null;
  /** Of the user, where it was asked for in one. */
  readonly requestedSessionId: string | null;
  readonly expiresAt: Date;
  /** Of the user: in what language to speak to who opens the link. */
  readonly locale: string | null;
}

/** A token as the mail carries it, with what it is for. */
export type DeliverableToken = TokenDetails & { readonly token: string };

const NONCE_BYTES = 32;
const COLUMNS = 'tokens.*, (SELECT locale FROM users WHERE users.id = tokens.user_id) AS locale';

const RENEWED_AFTER_EXPIRY: ReadonlySet<TokenPurpose> = new Set(['verify-email', 'invitation']);

/**
 * Links that work once. A row holds a nonce; the token itself is an HMAC made from it when the mail is sent and stored
 * nowhere, so a copy of the database opens no link, and every retry of a mail carries the same one. There is one row for a
 * user, purpose and subject: a newer link replaces the older (OWASP ASVS 5.0 V6.4.1). The subject is a part of the column
 * `purpose`, because the release before names its unique index, and must go on beside this one while replicas are replaced.
 */
@Injectable()
export class OneTimeTokens {
  constructor(private readonly keyring: Keyring) {}

  /** Makes the token of this purpose anew. @returns when it expires */
  async issue(
    tx: Transaction,
    userId: string,
    purpose: TokenPurpose,
    ttl: number,
    origin: LinkOrigin,
    subject = '',
  ): Promise<Date> {
    const [row] = await tx.query<[{ expires_at: Date }]>(
      `INSERT INTO one_time_tokens (id, user_id, purpose, key_id, nonce, requested_ip, requested_user_agent,
         requested_session_id, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 millisecond')
       ON CONFLICT (user_id, purpose) DO UPDATE SET (id, key_id, nonce, requested_ip, requested_user_agent,
         requested_session_id, created_at, expires_at, used_at) = (excluded.id, excluded.key_id, excluded.nonce,
         excluded.requested_ip, excluded.requested_user_agent, excluded.requested_session_id, now(), excluded.expires_at, NULL)
       RETURNING expires_at`,
      [
        uuidv7(),
        userId,
        columnOf(purpose, subject),
        this.keyring.current('one-time-token').id,
        randomBytes(NONCE_BYTES),
        origin.ip,
        origin.userAgent,
        origin.sessionId ?? null,
        ttl,
      ],
    );
    return row.expires_at;
  }

  /** As `forDeliveries`, for one. */
  async forDelivery(
    tx: Transaction,
    userId: string,
    purpose: TokenPurpose,
    ttl: number,
    subject = '',
  ): Promise<DeliverableToken | undefined> {
    const [made] = await this.forDeliveries(tx, [{ userId, purpose, ttl, subject }]);
    return made;
  }

  /**
   * The tokens to put into mails that leave now, with their details, in the order of `links`; undefined where it was used meanwhile,
   * or has expired. A mail that left late gets a fresh token: less than half of `ttl` would be left. After expiry only those do
   * without which an account could never be used; what somebody else asks for is not wanted any more then.
   */
  async forDeliveries(tx: Transaction, links: readonly WantedLink[]): Promise<(DeliverableToken | undefined)[]> {
    const rows = await this.due(tx, links);
    for (const [place, link] of links.entries()) {
      if (rows[place]?.is_late) rows[place] = await this.renewed(tx, link);
    }
    return rows.map(
      (row) =>
        row && { ...details(row), token: `${row.id.replaceAll('-', '')}.${this.mac(row)?.toString('base64url')}` },
    );
  }

  /** Whether a token is good, without using it: mail scanners and previews open links too. @throws TokenExpiredOrUsed */
  async peek(tx: Transaction, token: string, purpose: TokenPurpose): Promise<TokenDetails> {
    return details(await this.find(tx, token, purpose));
  }

  /** Uses a token: of any number of calls at once, one succeeds. @throws TokenExpiredOrUsed */
  async consume(tx: Transaction, token: string, purpose: TokenPurpose): Promise<TokenDetails> {
    const row = await this.find(tx, token, purpose);
    const [used] = await tx.query<[unknown[], number]>(
      `UPDATE one_time_tokens SET used_at = now()
       WHERE id = $1 AND used_at IS NULL AND expires_at > now() RETURNING id`,
      [row.id],
    );
    if (used.length === 0) throw new TokenExpiredOrUsed();
    return details(row);
  }

  /** Makes a link dead, used or not. */
  async withdraw(tx: Transaction, userId: string, purpose: TokenPurpose, subject = ''): Promise<void> {
    await tx.query('DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2', [
      userId,
      columnOf(purpose, subject),
    ]);
  }

  /** Makes every link of this purpose dead, whatever it is about. */
  async withdrawEvery(tx: Transaction, userId: string, purpose: TokenPurpose): Promise<void> {
    await tx.query(`DELETE FROM one_time_tokens WHERE user_id = $1 AND split_part(purpose, ':', 1) = $2`, [
      userId,
      purpose,
    ]);
  }

  /**
   * Makes every link dead that could sign somebody in, or change how they do: after a change of password or address, whoever
   * was mailed one before may be a stranger. Contacts give no right and stay.
   */
  async withdrawAll(tx: Transaction, userId: string): Promise<void> {
    await tx.query(`DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose NOT LIKE 'confirm-contact:%'`, [userId]);
  }

  /** A fresh token in place of one that would be good for too short, unless somebody uses it just now. */
  private async renewed(tx: Transaction, link: WantedLink): Promise<DueRow | undefined> {
    const [row] = await this.due(tx, [link], 'FOR UPDATE OF tokens');
    if (!row?.is_late) return row;
    const origin = { ip: row.requested_ip, userAgent: row.requested_user_agent, sessionId: row.requested_session_id };
    await this.issue(tx, link.userId, link.purpose, link.ttl, origin, link.subject);
    return (await this.due(tx, [link]))[0];
  }

  /** @returns in the order of `links`, undefined for what no mail may carry */
  private async due(tx: Transaction, links: readonly WantedLink[], forUpdate = ''): Promise<(DueRow | undefined)[]> {
    const rows = await tx.query<DueRow[]>(
      `SELECT ${COLUMNS}, link.place::int, expires_at < now() + link.least * interval '1 millisecond' AS is_late
       FROM unnest($1::uuid[], $2::text[], $3::float8[], $4::boolean[]) WITH ORDINALITY
         AS link (user_id, purpose, least, is_renewed, place)
       JOIN one_time_tokens AS tokens ON tokens.user_id = link.user_id AND tokens.purpose = link.purpose
       WHERE used_at IS NULL AND (expires_at > now() OR link.is_renewed) ${forUpdate}`,
      [
        links.map(({ userId }) => userId),
        links.map(({ purpose, subject }) => columnOf(purpose, subject)),
        links.map(({ ttl }) => ttl / 2),
        links.map(({ purpose }) => RENEWED_AFTER_EXPIRY.has(purpose)),
      ],
    );
    const byPlace = new Map(rows.map((row) => [row.place, row]));
    return links.map((_link, index) => byPlace.get(index + 1));
  }

  private async find(tx: Transaction, token: string, purpose: TokenPurpose): Promise<TokenRow> {
    const [, id, mac] = /^([0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/.exec(token) ?? [];
    if (id === undefined || mac === undefined) throw new TokenExpiredOrUsed();
    const [row] = await tx.query<TokenRow[]>(
      `SELECT ${COLUMNS} FROM one_time_tokens AS tokens
       WHERE id = $1 AND split_part(purpose, ':', 1) = $2 AND used_at IS NULL AND expires_at > now()`,
      [id, purpose],
    );
    const expected = row && this.mac(row);
    if (!expected || !timingSafeEqual(expected, Buffer.from(mac, 'base64url'))) throw new TokenExpiredOrUsed();
    return row;
  }

  private mac({ id, user_id, purpose, key_id, nonce }: TokenRow): Buffer | undefined {
    const key = this.keyring.find('one-time-token', key_id);
    return key && createHmac('sha256', key.secret).update(`${purpose}:${id}:${user_id}:`).update(nonce).digest();
  }
}

function columnOf(purpose: TokenPurpose, subject: string): string {
  return subject === '' ? purpose : `${purpose}:${subject}`;
}

function details(row: TokenRow): TokenDetails {
  return {
    userId: row.user_id,
    subject: row.purpose.split(':')[1] ?? '',
    requestedAt: row.created_at,
    requestedIp: row.requested_ip,
    requestedUserAgent: row.requested_user_agent,
    requestedSessionId: row.requested_session_id,
    expiresAt: row.expires_at,
    locale: row.locale,
  };
}
