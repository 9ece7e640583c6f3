import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import type { Transaction } from '../../database/transaction.js';
import { TransactionMemory } from '../../database/transaction-memory.js';
import type { TokenPurpose } from '../../events/catalogue.js';
import { EndedLinks } from './ended-links.js';
import { type LinkEnd, TokenExpiredOrUsed } from './token-expired-or-used.js';
import {
  type Beginning,
  columnOf,
  deliverable,
  type DeliverableToken,
  details,
  DUE,
  dueParameters,
  type DueRow,
  FIND,
  FIND_BEGINNING,
  type FoundRow,
  keyOf,
  type LinkOrigin,
  newNonce,
  originParameters,
  PROLONG,
  REPLACE,
  TELLS_ITS_BEGINNING,
  type TokenDetails,
  type TokenRow,
  USE,
  type WantedLink,
} from './token-rows.js';
export { TokenExpiredOrUsed } from './token-expired-or-used.js';

/**
 * Links that work once. A row holds a nonce; the token is an HMAC of it, computed when the mail is sent and not stored, so a copy
 * of the database yields no links, and every retry of a mail has the same one. There is one row per user, purpose and subject, so
 * only one link is valid at a time (OWASP ASVS 5.0 V6.4.1); earlier ones are `EndedLinks`. Requesting again mails the same link
 * while it is valid, so that a stranger's request does not kill the one that the owner has open. The subject is part of the column
 * `purpose`, because the previous release names its unique index and must keep working while replicas are replaced.
 */
@Injectable()
export class OneTimeTokens {
  /** The first links of users whom open transactions have created: nobody else can use or replace them yet. */
  private readonly first = new TransactionMemory<TokenDetails>();

  constructor(
    private readonly keyring: Keyring,
    private readonly ended: EndedLinks,
  ) {}

  /**
   * Extends the current valid token to `ttl` from now, or creates a new one. However often it is requested, a token expires at most
   * twice `ttl` after its creation.
   * @param ttl in milliseconds. @returns when it expires
   */
  async issue(
    tx: Transaction,
    userId: string,
    purpose: TokenPurpose,
    ttl: number,
    origin: LinkOrigin,
    subject = '',
  ): Promise<Date> {
    const link = { userId, purpose, ttl, subject };
    const kept = await this.prolong(tx, link, TELLS_ITS_BEGINNING.has(purpose) ? undefined : origin);
    return kept ?? (await this.replace(tx, link, origin));
  }

  /** As `issue`, for a user whom this transaction has created: there is nothing to extend or to end. */
  async issueFirst(tx: Transaction, link: WantedLink, by: LinkOrigin, newPasswordRequired: boolean): Promise<Date> {
    const row = await this.insert(tx, link, { ...by, newPasswordRequired });
    this.first.set(tx, keyOf(link), details(row));
    return row.expires_at;
  }

  /** The valid link, before its mail is queued; undefined if there is none. */
  async ofRequest(tx: Transaction, link: WantedLink): Promise<TokenDetails | undefined> {
    return this.first.get(tx, keyOf(link)) ?? (await this.forDeliveries(tx, [link]))[0];
  }

  /**
   * The tokens for mails that are being sent, with their details, in the order of `links`; undefined if used meanwhile or expired.
   * If a mail is sent late, with less than half of `ttl` left, its token is extended. After expiry, only tokens without which an
   * account could never be used are renewed; others are no longer wanted then.
   */
  async forDeliveries(tx: Transaction, links: readonly WantedLink[]): Promise<(DeliverableToken | undefined)[]> {
    const rows = await this.due(tx, links);
    const changing = links.filter((link, place) => (rows[place] ? rows[place].is_late : link.isMade));
    if (changing.length > 0) {
      // The users first and in a fixed order, as when one of their links is used.
      await tx.query('SELECT FROM users WHERE id = ANY ($1) ORDER BY id FOR UPDATE', [
        changing.map((link) => link.userId),
      ]);
    }
    for (const [place, link] of links.entries()) {
      if (rows[place]?.is_late) rows[place] = await this.renewed(tx, link);
      else if (!rows[place] && link.isMade) rows[place] = await this.made(tx, link);
    }
    return rows.map((row) => row && deliverable(row, this.mac(row)));
  }

  /** Checks a token without using it, since mail scanners open links too. @throws TokenExpiredOrUsed */
  async peek(tx: Transaction, token: string, purpose: TokenPurpose): Promise<TokenDetails> {
    return details(await this.find(tx, token, purpose));
  }

  /** Uses a token: of any number of concurrent calls, one succeeds. @throws TokenExpiredOrUsed */
  async consume(tx: Transaction, token: string, purpose: TokenPurpose): Promise<TokenDetails> {
    const row = await this.find(tx, token, purpose);
    // Another call was faster and has committed: this reads its ending.
    if (!(await this.markUsed(tx, row.id))) await this.find(tx, token, purpose);
    return details(row);
  }

  /** As `consume`, for a token that was proved in another way, such as by its short code. @throws TokenExpiredOrUsed */
  async consumeById(tx: Transaction, id: string): Promise<void> {
    if (!(await this.markUsed(tx, id))) throw new TokenExpiredOrUsed();
  }

  private async markUsed(tx: Transaction, id: string): Promise<boolean> {
    const [used] = await tx.query<[unknown[], number]>(USE, [id]);
    return used.length > 0;
  }

  /** From now on, the links of these users require a new password instead of activating the existing one. */
  async requireNewPassword(
    tx: Transaction,
    userIds: readonly string[],
    purpose: 'verify-email' | 'confirm-email-change',
  ): Promise<void> {
    await tx.query(
      `UPDATE one_time_tokens SET new_password_required = true
       WHERE user_id = ANY ($1::uuid[]) AND split_part(purpose, ':', 1) = $2 AND NOT new_password_required`,
      [userIds, purpose],
    );
  }

  /** Revokes a link, used or not. */
  async revoke(
    tx: Transaction,
    userId: string,
    purpose: TokenPurpose,
    subject = '',
    how: LinkEnd = 'withdrawn',
  ): Promise<void> {
    await this.ended.end(tx, userId, how, 'purpose = $3', [columnOf(purpose, subject)]);
  }

  /** Revokes every link of this purpose with a different subject. @returns whether there was one */
  async replaceOthers(tx: Transaction, userId: string, purpose: TokenPurpose, subject: string): Promise<boolean> {
    const others = `split_part(purpose, ':', 1) = $3 AND purpose <> $4`;
    return this.ended.end(tx, userId, 'replaced', others, [purpose, columnOf(purpose, subject)]);
  }

  /**
   * Revokes every link that could sign somebody in or change a sign-in method: after a change of password or address, recipients of
   * earlier links may be strangers. Links for contacts grant nothing and stay.
   */
  async revokeAll(tx: Transaction, userId: string): Promise<void> {
    await this.ended.end(tx, userId, 'withdrawn', `purpose NOT LIKE 'confirm-contact:%'`);
  }

  /** Revokes every link of a user, those for contacts too. */
  async revokeEvery(tx: Transaction, userId: string): Promise<void> {
    await this.ended.end(tx, userId, 'withdrawn', 'true');
  }

  /** Extends a token that would expire too soon, unless it is being used concurrently; renews it after its end. */
  private async renewed(tx: Transaction, link: WantedLink): Promise<DueRow | undefined> {
    const [row] = await this.due(tx, [link], 'FOR UPDATE OF tokens');
    if (!row?.is_late) return row;
    const origin = { ip: row.requested_ip, userAgent: row.requested_user_agent, sessionId: row.requested_session_id };
    if (!(await this.prolong(tx, link))) await this.replace(tx, link, origin);
    return (await this.due(tx, [link]))[0];
  }

  /** @param origin the requester, if it is to be shown @returns when it expires; undefined if none is valid */
  private async prolong(tx: Transaction, link: WantedLink, origin?: LinkOrigin): Promise<Date | undefined> {
    const { userId, purpose, ttl, subject } = link;
    const [[row]] = await tx.query<[{ expires_at: Date }[], number]>(PROLONG, [
      userId,
      columnOf(purpose, subject),
      ttl,
      origin !== undefined,
      ...originParameters(origin),
    ]);
    return row?.expires_at;
  }

  private async replace(tx: Transaction, link: WantedLink, origin: LinkOrigin): Promise<Date> {
    const column = columnOf(link.purpose, link.subject);
    const isTold = TELLS_ITS_BEGINNING.has(link.purpose);
    const [before] = isTold ? await tx.query<Beginning[]>(FIND_BEGINNING, [link.userId, column]) : [];
    await this.ended.end(tx, link.userId, 'replaced', 'purpose = $3', [column]);
    return (await this.insert(tx, link, before ?? origin)).expires_at;
  }

  private async insert(tx: Transaction, link: WantedLink, like: LinkOrigin & Partial<Beginning>): Promise<TokenRow> {
    const { userId, purpose, ttl, subject } = link;
    const [row] = await tx.query<[TokenRow]>(REPLACE, [
      uuidv7(),
      userId,
      columnOf(purpose, subject),
      this.keyring.current('one-time-token').id,
      newNonce(),
      ttl,
      like.requestedAt ?? null,
      like.newPasswordRequired ?? false,
      ...originParameters(like),
    ]);
    return row;
  }

  private async made(tx: Transaction, link: WantedLink): Promise<DueRow | undefined> {
    if (!(await this.prolong(tx, link))) await this.replace(tx, link, { ip: null, userAgent: null });
    return (await this.due(tx, [link]))[0];
  }

  /** @returns in the order of `links`, undefined for links that must not be mailed */
  private async due(tx: Transaction, links: readonly WantedLink[], forUpdate = ''): Promise<(DueRow | undefined)[]> {
    const rows = await tx.query<DueRow[]>(`${DUE} ${forUpdate}`, dueParameters(links));
    const byPlace = new Map(rows.map((row) => [row.place, row]));
    return links.map((_link, index) => byPlace.get(index + 1));
  }

  private async find(tx: Transaction, token: string, purpose: TokenPurpose): Promise<TokenRow> {
    const [, id, mac] = /^([0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/.exec(token) ?? [];
    if (id === undefined || mac === undefined) throw new TokenExpiredOrUsed();
    const [row] = await tx.query<FoundRow[]>(FIND, [id, purpose]);
    const expected = row && this.mac(row);
    // Nothing is disclosed without the genuine token.
    if (!expected || !timingSafeEqual(expected, Buffer.from(mac, 'base64url'))) throw new TokenExpiredOrUsed();
    if (row.how !== null) throw new TokenExpiredOrUsed({ ...row, how: row.how, purpose });
    return row;
  }

  private mac({ id, user_id, purpose, key_id, nonce }: TokenRow): Buffer | undefined {
    const key = this.keyring.find('one-time-token', key_id);
    return key && hmacWith(key.secret).update(`${purpose}:${id}:${user_id}:`).update(nonce).digest();
  }
}
