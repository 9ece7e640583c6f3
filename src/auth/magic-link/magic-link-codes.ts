import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { RequestContext } from '../../access/caller.js';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import { codeFrom, enteredCode } from './code-text.js';

/** Tries for one request of one asker, right or wrong; after that, the link has to be requested again. */
export const MOST_TRIES = 5;
/** Several only if the link was requested in several browsers. The newest are shown: strangers cannot outlast a new request. */
const MOST_SHOWN = 5;
const EVERY_HOUR = '23 * * * *';

/** A browser or app that asked for the link, and the code that signs in there. */
export interface WaitingAsker {
  readonly code: string;
  readonly binding: Buffer;
  readonly requestedAt: Date;
  readonly requestedIp: string | null;
  readonly requestedUserAgent: string | null;
}

/** The outcome of a try. */
export interface TriedCode {
  /** Whose link the asker waits for, if any; of several, one. */
  readonly userId: string | undefined;
  /** What a right code proves: the mail of this link was read. */
  readonly right: { readonly userId: string; readonly tokenId: string } | undefined;
}

/**
 * The short codes of sign-in links (RFC 8628, 5.4, of device codes has the same concerns). Each asker of a link has a code of its
 * own, bound to what it keeps (a cookie, or the verifier of an app) and derived from the link when it is shown; nothing that is
 * stored is a code, or opens anything.
 */
@Injectable()
export class MagicLinkCodes implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly keyring: Keyring,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_HOUR, 'auth.magic-link-codes', () => this.forgetOld());
  }

  /**
   * Binds the valid link of the user, if any, to an asker, also where it was mailed before. Asking again for the same link leaves
   * its code and the tries, unless none are left: then there is another code.
   * @param binding SHA-256 of what the asker keeps, base64url
   */
  async bind(tx: Transaction, userId: string, binding: string, { ip, userAgent }: RequestContext): Promise<void> {
    await tx.query(BIND, [uuidv7(), Buffer.from(binding, 'base64url'), userId, ip, userAgent, MOST_TRIES]);
  }

  /**
   * Who waits for this link, newest first. The browser that presents it comes before all, however many strangers have asked since.
   * @param tokenId of a link whose token was presented
   * @param here the binding of the browser that presents it, if any
   */
  async waitingFor(tx: Transaction, tokenId: string, here?: Buffer): Promise<WaitingAsker[]> {
    const rows = await tx.query<
      (Asker & { binding: Buffer; ip: string | null; user_agent: string | null; at: Date })[]
    >(WAITING, [tokenId, MOST_TRIES, MOST_SHOWN, here ?? null]);
    return rows.flatMap((row) => {
      const code = this.codeOf(row);
      const { binding, at: requestedAt, ip: requestedIp, user_agent: requestedUserAgent } = row;
      return code === undefined ? [] : [{ code, binding, requestedAt, requestedIp, requestedUserAgent }];
    });
  }

  /**
   * Counts a try and compares, in a transaction of its own: of any number of guesses at once, five are looked at. With or without a
   * request, the work is the same.
   * @param binding of the asker; undefined if it keeps nothing
   */
  async redeem(binding: Buffer | undefined, entered: string): Promise<TriedCode> {
    const [rows] = await this.transactions.run((tx) =>
      tx.query<[Asker[], number]>(TRY, [binding ?? randomBytes(32), MOST_TRIES]),
    );
    const given = Buffer.from(enteredCode(entered) ?? NO_CODE);
    const found = rows.find((row) => timingSafeEqual(Buffer.from(this.codeOf(row) ?? OTHER_CODE), given));
    const right = found && { userId: found.user_id, tokenId: found.token_id };
    return { userId: rows[0]?.user_id, right };
  }

  /** Removes requests whose link has ended. */
  async forgetOld(): Promise<void> {
    await this.transactions.run((tx) => tx.query(FORGET));
  }

  private codeOf({ id, token_id, key_id, nonce }: Asker): string | undefined {
    const key = this.keyring.find('one-time-token', key_id);
    return key && codeFrom(hmacWith(key.secret).update(`magic-link-code:${id}:${token_id}:`).update(nonce).digest());
  }
}

// As long as a code, and none.
const NO_CODE = '--------';
const OTHER_CODE = '++++++++';

interface Asker {
  readonly id: string;
  readonly token_id: string;
  readonly user_id: string;
  readonly key_id: string;
  readonly nonce: Buffer;
}

const IS_VALID = 'token.used_at IS NULL AND token.expires_at > now()';
const ASKER = 'asker.id, asker.token_id, asker.user_id, token.key_id, token.nonce';

const BIND = `
  INSERT INTO magic_link_requests AS asker (id, binding, user_id, token_id, requested_ip, requested_user_agent)
  SELECT $1, $2, token.user_id, token.id, $4, $5 FROM one_time_tokens AS token
  WHERE token.user_id = $3 AND token.purpose = 'magic-link' AND ${IS_VALID}
  ON CONFLICT (binding, user_id) DO UPDATE SET
    (id, token_id, tries) = (
      SELECT excluded.id, excluded.token_id, 0::smallint WHERE asker.token_id <> excluded.token_id OR asker.tries >= $6
      UNION ALL
      SELECT asker.id, asker.token_id, asker.tries WHERE asker.token_id = excluded.token_id AND asker.tries < $6),
    (requested_at, requested_ip, requested_user_agent) = (now(), excluded.requested_ip, excluded.requested_user_agent)`;

const WAITING = `
  SELECT ${ASKER}, asker.binding, asker.requested_at AS at, host(asker.requested_ip) AS ip,
    asker.requested_user_agent AS user_agent
  FROM magic_link_requests AS asker JOIN one_time_tokens AS token ON token.id = asker.token_id
  WHERE asker.token_id = $1 AND asker.tries < $2 AND ${IS_VALID}
  ORDER BY asker.binding = $4::bytea DESC NULLS LAST, asker.requested_at DESC, asker.id DESC LIMIT $3`;

const TRY = `
  UPDATE magic_link_requests AS asker SET tries = tries + 1 FROM one_time_tokens AS token
  WHERE asker.binding = $1 AND asker.tries < $2 AND token.id = asker.token_id AND ${IS_VALID} RETURNING ${ASKER}`;

// Somebody may just be asking again: this waits for the row and reads it anew, but does not see the new link. Bound to that one, the asker has
// another id.
const FORGET = `
  WITH dead AS MATERIALIZED (
    SELECT asker.id FROM magic_link_requests AS asker WHERE NOT EXISTS (
      SELECT FROM one_time_tokens AS token WHERE token.id = asker.token_id AND ${IS_VALID}))
  DELETE FROM magic_link_requests AS asker USING dead WHERE asker.id = dead.id`;
