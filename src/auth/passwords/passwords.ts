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

/**
 * When the user set the password, as part of a statement.
 * @param user the parameter with the user's id, such as `$1`
 */
export const passwordChangedAt = (user: string): string =>
  `(SELECT changed_at FROM password_credentials WHERE user_id = ${user})`;

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
   * @param place the requester, for fair scheduling; or `in-process`
   * @param address the key of an address that others may claim as well: all their hashes can be compared at once
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

  /** Fails early, before anything is looked up for a hash that would be refused. @throws HashingOverloaded */
  checkRoom(work: HashWork): void {
    this.hasher.check(work);
  }

  /**
   * Takes the time of exactly one hash, whether or not there is a stored one.
   * @throws HashingOverloaded
   */
  async verify(password: string, stored: string | undefined, work?: HashWork): Promise<boolean> {
    // Too long to ever have been accepted, so not hashed at that length; the response takes the same time.
    const tooLong = Buffer.byteLength(password) > MAX_PASSWORD_BYTES;
    const right = await this.hasher.verify(tooLong ? '' : password, stored, work);
    return right && !tooLong;
  }

  /**
   * Whether it is the password of any registration for an address, in the time of one hash for any number of them.
   * @param stored their hashes, newest first
   * @throws HashingOverloaded
   */
  async verifyAny(password: string, stored: readonly string[], work?: HashWork): Promise<boolean> {
    const tooLong = Buffer.byteLength(password) > MAX_PASSWORD_BYTES;
    const right = await this.hasher.verifyAny(tooLong ? '' : password, stored, work);
    return right && !tooLong;
  }

  /**
   * Rehashes a password whose stored hash has an outdated cost or pepper, or was imported. Opens its own transaction.
   * @param password just verified
   * @param stored the hash that it was compared with; if that is no longer stored, nothing is changed
   */
  async upgrade(userId: string, password: string, stored: string | undefined, work?: HashWork): Promise<void> {
    if (stored === undefined || !this.hasher.needsUpgrade(stored)) return;
    try {
      const hash = await this.hasher.hash(password, work);
      await this.transactions.run((tx) =>
        tx.query('UPDATE password_credentials SET hash = $3, imported_rounds = NULL WHERE user_id = $1 AND hash = $2', [
          userId,
          stored,
          hash,
        ]),
      );
    } catch (error) {
      // The next sign-in will do.
      if (!(error instanceof HashingOverloaded)) throw error;
    }
  }

  /**
   * Stores a password that was verified elsewhere, whatever the rules for new ones say, unless there is one meanwhile.
   * @param isOpen called after the hash, in the transaction: locks the user's row and says whether the password may still be stored
   * @returns when it was stored
   * @throws HashingOverloaded
   */
  async adopt(
    userId: string,
    password: string,
    isOpen: (tx: Transaction) => Promise<boolean>,
    work?: HashWork,
  ): Promise<Date | undefined> {
    const hash = await this.hasher.hash(password, work);
    return this.transactions.run(async (tx) => {
      if (!(await isOpen(tx))) return undefined;
      await tx.query('INSERT INTO password_credentials (user_id, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        userId,
        hash,
      ]);
      return (await this.storedHash(tx, userId)) === hash ? this.changedAt(tx, userId) : undefined;
    });
  }

  /**
   * For a user who is locked or created in this transaction. The time is that of this call, not of the beginning of the transaction, which
   * may have waited for the lock: a device that was remembered meanwhile is older than the password.
   * @param from the origin of the change, for an existing account
   */
  async set(tx: Transaction, userId: string, hash: string, from: ClientOrigin = UNKNOWN_ORIGIN): Promise<void> {
    await tx.query(
      `INSERT INTO password_credentials (user_id, hash, changed_at, changed_ip, changed_user_agent)
       VALUES ($1, $2, clock_timestamp(), $3, $4)
       ON CONFLICT (user_id) DO UPDATE SET (hash, imported_rounds, changed_at, changed_ip, changed_user_agent) =
         (excluded.hash, NULL, excluded.changed_at, excluded.changed_ip, excluded.changed_user_agent)`,
      [userId, hash, from.ip, from.userAgent],
    );
  }

  /** The origin of the last password change. */
  async changedFrom(tx: Transaction, userId: string): Promise<ClientOrigin> {
    const [row] = await tx.query<ClientOrigin[]>(
      `SELECT host(changed_ip) AS ip, changed_user_agent AS "userAgent" FROM password_credentials WHERE user_id = $1`,
      [userId],
    );
    return row ?? UNKNOWN_ORIGIN;
  }

  /** When the user set it; rehashing does not change this. Undefined without a password. */
  async changedAt(tx: Transaction, userId: string): Promise<Date | undefined> {
    const sql = `SELECT ${passwordChangedAt('$1')} AS "changedAt"`;
    const [row] = await tx.query<[{ changedAt: Date | null }]>(sql, [userId]);
    return row.changedAt ?? undefined;
  }

  /** Whether the password is unchanged since `changedAt` was read. */
  async isStillOf(tx: Transaction, userId: string, changedAt: Date | undefined): Promise<boolean> {
    return (await this.changedAt(tx, userId))?.getTime() === changedAt?.getTime();
  }

  async remove(tx: Transaction, userId: string): Promise<void> {
    await tx.query('DELETE FROM password_credentials WHERE user_id = $1', [userId]);
  }

  /** The stored passwords of these users, outside any transaction, as it is most of a sign-in's database work. */
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
