import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type Statement, Statements } from '../../database/statements.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { HashingOverloaded } from './hash-pool/hashing-overloaded.js';
import type { HashWork } from './hash-pool/hash-request.js';
import { BreachedPasswords } from './hibp.js';
import { type HashPlace, PasswordHasher } from './password-hasher.js';
import { checkPassword, MAX_PASSWORD_BYTES, type PasswordSubject, WeakPassword } from './password-rules.js';

export interface StoredPassword {
  readonly userId: string;
  readonly hash: string;
  readonly changedAt: Date;
}

const STORED: Statement = {
  name: 'stored-passwords',
  text: `SELECT user_id AS "userId", hash, changed_at AS "changedAt" FROM password_credentials WHERE user_id = ANY ($1::uuid[])`,
};

type ClientOrigin = Pick<RequestContext, 'ip' | 'userAgent'>;
const UNKNOWN_ORIGIN: ClientOrigin = { ip: null, userAgent: null };

/** The passwords of users: rules, hashing and the stored hashes, which leave this folder only to be compared. */
@Injectable()
export class Passwords {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly hasher: PasswordHasher,
    private readonly transactions: Transactions,
    private readonly statements: Statements,
    private readonly breached: BreachedPasswords,
  ) {}

  /**
   * Checks a new password against the rules and hashes it. Takes the time of a hash: call it outside any transaction.
   * @param place for whom, for turns are shared; or `in-process`
   * @param address the key of an address that others may claim too: the hashes of all of them can be looked at in one
   * @throws WeakPassword with the reason; HashingOverloaded
   */
  async accept(
    password: string,
    subject: Omit<PasswordSubject, 'productName'>,
    place?: HashPlace,
    address?: string,
  ): Promise<string> {
    checkPassword(password, this.settings.PASSWORD_MIN_LENGTH, {
      ...subject,
      productName: this.settings.PRODUCT_NAME,
    });
    if (await this.breached.has(password)) {
      throw new WeakPassword(
        'breached',
        'This password has appeared in a data breach. Choose another one.',
        subject.field,
      );
    }
    return this.hasher.hash(password, place, address);
  }

  /** Before anything is looked up for a hash that would be refused. @throws HashingOverloaded */
  checkRoom(work: HashWork): void {
    this.hasher.check(work);
  }

  /**
   * Takes the time of exactly one hash, whether or not there is a stored one.
   * @throws HashingOverloaded
   */
  async verify(password: string, stored: string | undefined, work?: HashWork): Promise<boolean> {
    // What could never have been accepted is not worth hashing at that length; the answer takes the same time.
    const tooLong = Buffer.byteLength(password) > MAX_PASSWORD_BYTES;
    const right = await this.hasher.verify(tooLong ? '' : password, stored, work);
    return right && !tooLong;
  }

  /**
   * Whether it is the password of any registration that claims an address, in the time of one hash however many there are.
   * @param stored theirs, the newest first
   * @throws HashingOverloaded
   */
  async verifyAny(password: string, stored: readonly string[], work?: HashWork): Promise<boolean> {
    const tooLong = Buffer.byteLength(password) > MAX_PASSWORD_BYTES;
    const right = await this.hasher.verifyAny(tooLong ? '' : password, stored, work);
    return right && !tooLong;
  }

  /**
   * Replaces what is stored by a hash of the cost and pepper of now, where it is of other ones. Opens a transaction of its own.
   * @param password right, as was just seen
   * @param stored what it was compared with; if that is no longer stored, nothing is changed
   */
  async upgrade(userId: string, password: string, stored: string | undefined, work?: HashWork): Promise<void> {
    if (stored === undefined || !this.hasher.needsUpgrade(stored)) return;
    try {
      const hash = await this.hasher.hash(password, work);
      await this.transactions.run((tx) =>
        tx.query('UPDATE password_credentials SET hash = $3 WHERE user_id = $1 AND hash = $2', [userId, stored, hash]),
      );
    } catch (error) {
      // The next sign-in will do.
      if (!(error instanceof HashingOverloaded)) throw error;
    }
  }

  /** @param from where somebody chose it who had an account before */
  async set(tx: Transaction, userId: string, hash: string, from: ClientOrigin = UNKNOWN_ORIGIN): Promise<void> {
    await tx.query(
      `INSERT INTO password_credentials (user_id, hash, changed_ip, changed_user_agent) VALUES ($1, $2, $3, $4)
       ON CONFLICT (user_id) DO UPDATE SET (hash, changed_at, changed_ip, changed_user_agent) =
         (excluded.hash, now(), excluded.changed_ip, excluded.changed_user_agent)`,
      [userId, hash, from.ip, from.userAgent],
    );
  }

  /** From where the password was chosen that is there now. */
  async changedFrom(tx: Transaction, userId: string): Promise<ClientOrigin> {
    const [row] = await tx.query<ClientOrigin[]>(
      `SELECT host(changed_ip) AS ip, changed_user_agent AS "userAgent" FROM password_credentials WHERE user_id = $1`,
      [userId],
    );
    return row ?? UNKNOWN_ORIGIN;
  }

  /** When the user chose it; a better hash of the same one leaves that. Undefined when there is none. */
  async changedAt(tx: Transaction, userId: string): Promise<Date | undefined> {
    const sql = 'SELECT changed_at FROM password_credentials WHERE user_id = $1';
    const [row] = await tx.query<{ changed_at: Date }[]>(sql, [userId]);
    return row?.changed_at;
  }

  /** Whether the password is the one that was there when `changedAt` said so. */
  async isStillOf(tx: Transaction, userId: string, changedAt: Date | undefined): Promise<boolean> {
    return (await this.changedAt(tx, userId))?.getTime() === changedAt?.getTime();
  }

  async remove(tx: Transaction, userId: string): Promise<void> {
    await tx.query('DELETE FROM password_credentials WHERE user_id = $1', [userId]);
  }

  /** What is stored of these users, for whoever has something: outside any transaction, for it is most of what a sign-in asks. */
  async stored(userIds: readonly string[]): Promise<StoredPassword[]> {
    return this.statements.read<StoredPassword>(STORED, [userIds]);
  }

  async storedHash(tx: Transaction, userId: string): Promise<string | undefined> {
    const [row] = await tx.query<{ hash: string }[]>('SELECT hash FROM password_credentials WHERE user_id = $1', [
      userId,
    ]);
    return row?.hash;
  }
}
