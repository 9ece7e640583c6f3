import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import { PasswordHasher } from './password-hasher.js';
import { checkPassword, MAX_PASSWORD_BYTES, type PasswordSubject } from './password-rules.js';

/** The passwords of users: rules, hashing and the stored hashes, which leave this folder only to be compared. */
@Injectable()
export class Passwords {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly hasher: PasswordHasher,
  ) {}

  /**
   * Checks a new password against the rules and hashes it. Takes the time of a hash: call it outside any transaction.
   * @throws WeakPassword with the reason
   */
  async accept(password: string, subject: Omit<PasswordSubject, 'productName'>): Promise<string> {
    checkPassword(password, this.settings.PASSWORD_MIN_LENGTH, {
      ...subject,
      productName: this.settings.PRODUCT_NAME,
    });
    return this.hasher.hash(password);
  }

  /** Takes the time of exactly one hash, whether or not there is a stored one. */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    // What could never have been accepted is not worth hashing at that length; the answer takes the same time.
    const tooLong = Buffer.byteLength(password) > MAX_PASSWORD_BYTES;
    const right = await this.hasher.verify(tooLong ? '' : password, stored);
    return right && !tooLong;
  }

  async set(tx: Transaction, userId: string, hash: string): Promise<void> {
    await tx.query(
      `INSERT INTO password_credentials (user_id, hash) VALUES ($1, $2)
       ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = now()`,
      [userId, hash],
    );
  }

  async storedHash(tx: Transaction, userId: string): Promise<string | undefined> {
    const [row] = await tx.query<{ hash: string }[]>('SELECT hash FROM password_credentials WHERE user_id = $1', [
      userId,
    ]);
    return row?.hash;
  }
}
