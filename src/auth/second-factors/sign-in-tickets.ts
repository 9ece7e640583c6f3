import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEvent } from '../../events/user-event.js';
import { Jobs } from '../../jobs/jobs.js';
import { DomainError } from '../../problems/domain-error.js';

/** Seconds. */
export const TICKET_LIFE = 300;
/** After that many wrong proofs a ticket is dead. */
export const TICKET_FAILURES = 5;
const NONCE_BYTES = 32;
const TOKEN = /^([0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/;
const HOURLY = '41 * * * *';

/** `sign-in` asks for a second factor; `setup` lets a user without one set one up. */
export type TicketPurpose = 'sign-in' | 'setup';

/** What a ticket is issued for: the first factor, and the client that presented it. */
export interface NewTicket {
  readonly userId: string;
  readonly purpose: TicketPurpose;
  /** The sign-in method, and what it proved (RFC 8176). */
  readonly method: string;
  readonly amr: readonly string[];
  readonly isByMail: boolean;
  /** The known device of the first step; the second has to come from it as well. */
  readonly deviceId: string | undefined;
  /** The value of the browser's cookie, of which a hash is kept. */
  readonly browser: string | undefined;
}

/** A sign-in between its two steps. */
export interface SignInTicket {
  readonly id: string;
  readonly userId: string;
  readonly method: string;
  readonly amr: readonly string[];
  readonly isByMail: boolean;
  readonly deviceId: string | null;
  /** SHA-256 of the browser's cookie; null for a client without one. */
  readonly browserHash: Buffer | null;
}

interface TicketRow extends SignInTicket {
  readonly keyId: string;
  readonly nonce: Buffer;
}

/** The ticket is unknown, used, five minutes old, dead after wrong codes, or presented by another browser or device. */
export class SignInExpired extends DomainError {
  readonly code = 'sign-in-expired';
  constructor() {
    super('This sign-in has expired or ended. Begin again with the first step.');
  }
}

/**
 * Sign-ins that wait for their second factor. The token is derived from the row and stored nowhere, so a copy of the database
 * completes no sign-in. Whatever ends all sessions of a user, or takes away a way to sign in, ends the tickets.
 */
@Injectable()
export class SignInTickets implements OnModuleInit {
  constructor(
    private readonly keyring: Keyring,
    private readonly transactions: Transactions,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(HOURLY, 'auth.ticket-expiry', () => this.forgetOld());
  }

  /** @returns the token, which is good for `TICKET_LIFE` */
  async issue(tx: Transaction, ticket: NewTicket): Promise<string> {
    const { userId, purpose, method, amr, isByMail, deviceId, browser } = ticket;
    const row = {
      id: uuidv7(),
      userId,
      keyId: this.keyring.current('sign-in-ticket').id,
      nonce: randomBytes(NONCE_BYTES),
    };
    await tx.query(
      `INSERT INTO sign_in_tickets
         (id, user_id, purpose, method, amr, is_by_mail, device_id, browser_hash, key_id, nonce, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + $11 * interval '1 second')`,
      [
        row.id,
        userId,
        purpose,
        method,
        amr,
        isByMail,
        deviceId ?? null,
        browser === undefined ? null : hashOf(browser),
        row.keyId,
        row.nonce,
        TICKET_LIFE,
      ],
    );
    return `${row.id.replaceAll('-', '')}.${this.mac(row, purpose)?.toString('base64url')}`;
  }

  /**
   * The ticket of a token, without using it.
   * @param browser the value of the browser's cookie
   * @throws SignInExpired
   */
  async find(
    tx: Transaction,
    token: string,
    purpose: TicketPurpose,
    browser: string | undefined,
  ): Promise<SignInTicket> {
    const [, id, mac] = TOKEN.exec(token) ?? [];
    if (id === undefined || mac === undefined) throw new SignInExpired();
    const [row] = await tx.query<TicketRow[]>(
      `SELECT id, user_id AS "userId", method, amr, is_by_mail AS "isByMail", device_id AS "deviceId",
         browser_hash AS "browserHash", key_id AS "keyId", nonce
       FROM sign_in_tickets WHERE id = $1 AND purpose = $2 AND ${GOOD}`,
      [id, purpose],
    );
    const expected = row && this.mac(row, purpose);
    if (!expected || !timingSafeEqual(expected, Buffer.from(mac, 'base64url'))) throw new SignInExpired();
    if (row.browserHash && !timingSafeEqual(row.browserHash, hashOf(browser ?? ''))) throw new SignInExpired();
    return row;
  }

  /** Uses a ticket: of any number of concurrent uses, one succeeds. @throws SignInExpired */
  async use(tx: Transaction, id: string): Promise<void> {
    const [used] = await tx.query<[unknown[], number]>(
      `UPDATE sign_in_tickets SET used_at = now() WHERE id = $1 AND ${GOOD} RETURNING id`,
      [id],
    );
    if (used.length === 0) throw new SignInExpired();
  }

  /** @throws SignInExpired if the ticket has ended */
  async refuseEnded(tx: Transaction, id: string): Promise<void> {
    const found = await tx.query<unknown[]>(`SELECT FROM sign_in_tickets WHERE id = $1 AND ${GOOD}`, [id]);
    if (found.length === 0) throw new SignInExpired();
  }

  /** Counts a wrong proof. */
  async fail(tx: Transaction, id: string): Promise<void> {
    await tx.query('UPDATE sign_in_tickets SET failures = failures + 1 WHERE id = $1', [id]);
  }

  /** Ends those of one user. */
  async endAll(tx: Transaction, userId: string): Promise<void> {
    await tx.query('DELETE FROM sign_in_tickets WHERE user_id = $1', [userId]);
  }

  /** A first factor that was taken away has proved nothing, and a second one is not asked for any more. */
  @OnUserEvent('user.authenticator_removed')
  async removed({ userId }: UserEvent, tx: Transaction): Promise<void> {
    await this.endAll(tx, userId);
  }

  async forgetOld(): Promise<void> {
    await this.transactions.run((tx) => tx.query('DELETE FROM sign_in_tickets WHERE expires_at < now()'));
  }

  private mac(
    { id, userId, keyId, nonce }: Pick<TicketRow, 'id' | 'userId' | 'keyId' | 'nonce'>,
    purpose: TicketPurpose,
  ) {
    const key = this.keyring.find('sign-in-ticket', keyId);
    return key && hmacWith(key.secret).update(`${purpose}:${id}:${userId}:`).update(nonce).digest();
  }
}

const GOOD = `used_at IS NULL AND expires_at > now() AND failures < ${TICKET_FAILURES}`;

function hashOf(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
