import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { RequestContext } from '../../access/caller.js';
import { Keyring } from '../../database/keyring.js';
import type { Transaction } from '../../database/transaction.js';
import type { TokenPurpose } from '../../events/catalogue.js';
import { EndedLinks } from './ended-links.js';
import { type LinkEnd, TokenExpiredOrUsed } from './token-expired-or-used.js';

import { COLUMNS, details, type DueRow, FIND, type FoundRow, type TokenDetails, type TokenRow } from './token-rows.js';

export { TokenExpiredOrUsed } from './token-expired-or-used.js';
export type { TokenDetails } from './token-rows.js';

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

/** A token as the mail carries it, with what it is for. */
export type DeliverableToken = TokenDetails & { readonly token: string };

const NONCE_BYTES = 32;
const RENEWED_AFTER_EXPIRY: ReadonlySet<TokenPurpose> = new Set(['verify-email', 'invitation']);

/**
 * Links that work once. A row holds a nonce; the token itself is an HMAC made from it when the mail is sent and stored
 * nowhere, so a copy of the database opens no link, and every retry of a mail carries the same one. There is one row for a
 * user, purpose and subject: a newer link replaces the older (OWASP ASVS 5.0 V6.4.1), which goes to `EndedLinks`. The subject is a part of the column
 * `purpose`, because the release before names its unique index, and must go on beside this one while replicas are replaced.
 */
@Injectable()
export class OneTimeTokens {
  constructor(
    private readonly keyring: Keyring,
    private readonly ended: EndedLinks,
  ) {}

  /** Makes the token of this purpose anew. @returns when it expires */
  async issue(
    tx: Transaction,
    userId: string,
    purpose: TokenPurpose,
    ttl: number,
    origin: LinkOrigin,
    subject = '',
  ): Promise<Date> {
    await this.ended.end(tx, userId, 'replaced', 'purpose = $3', [columnOf(purpose, subject)]);
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
    // Another call was faster, and has committed: this finds what became of it.
    if (used.length === 0) await this.find(tx, token, purpose);
    return details(row);
  }

  /** Makes a link dead, used or not. */
  async withdraw(
    tx: Transaction,
    userId: string,
    purpose: TokenPurpose,
    subject = '',
    how: LinkEnd = 'withdrawn',
  ): Promise<void> {
    await this.ended.end(tx, userId, how, 'purpose = $3', [columnOf(purpose, subject)]);
  }

  /** Makes every link of this purpose dead, whatever it is about. */
  async withdrawEvery(
    tx: Transaction,
    userId: string,
    purpose: TokenPurpose,
    how: LinkEnd = 'withdrawn',
  ): Promise<void> {
    await this.ended.end(tx, userId, how, `split_part(purpose, ':', 1) = $3`, [purpose]);
  }

  /**
   * Makes every link dead that could sign somebody in, or change how they do: after a change of password or address, whoever
   * was mailed one before may be a stranger. Contacts give no right and stay.
   */
  async withdrawAll(tx: Transaction, userId: string): Promise<void> {
    await this.ended.end(tx, userId, 'withdrawn', `purpose NOT LIKE 'confirm-contact:%'`);
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
    const [row] = await tx.query<FoundRow[]>(FIND, [id, purpose]);
    const expected = row && this.mac(row);
    // Who does not hold the real token learns nothing of it.
    if (!expected || !timingSafeEqual(expected, Buffer.from(mac, 'base64url'))) throw new TokenExpiredOrUsed();
    if (row.how !== null) throw new TokenExpiredOrUsed({ ...row, how: row.how, purpose });
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
