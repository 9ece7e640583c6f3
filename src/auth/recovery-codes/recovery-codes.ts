import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import type { Transaction } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEvent } from '../../events/user-event.js';
import {
  type HeldFactor,
  type ProofPurpose,
  SecondFactor,
  type SecondFactorProof,
} from '../second-factors/second-factor.js';
import { SecondFactors } from '../second-factors/second-factors.js';

const COUNT = 10;
/** Without letters that look like another one or a digit (Crockford's Base32). */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const LENGTH = 10;
const GROUP = 5;

/**
 * Recovery codes: ten of 50 bits, for a user who is without the second factor. Each works once. They are shown once, and what is
 * kept of them is an HMAC. They stand in for a factor and are none: they go with the last one.
 */
@Injectable()
export class RecoveryCodes extends SecondFactor {
  readonly method = 'recovery-code';
  readonly table = undefined;

  constructor(
    private readonly keyring: Keyring,
    private readonly factors: SecondFactors,
  ) {
    super();
  }

  heldBy(): Promise<HeldFactor[]> {
    return Promise.resolve([]);
  }

  override async count(tx: Transaction, userId: string): Promise<number> {
    const [row] = await tx.query<[{ left: number }]>(
      'SELECT count(*)::int AS left FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL',
      [userId],
    );
    return row.left;
  }

  /** Ten new ones; all earlier ones stop working. @returns as they are shown: `xxxxx-xxxxx` */
  async replace(tx: Transaction, userId: string): Promise<string[]> {
    await this.removeAll(tx, userId);
    const codes = Array.from({ length: COUNT }, newCode);
    const hashes = codes.map((code) => this.hash(this.keyring.current('recovery-code').secret, userId, code));
    await tx.query('INSERT INTO recovery_codes (user_id, hash) SELECT $1, unnest($2::bytea[])', [userId, hashes]);
    return codes;
  }

  /** For the first factor of a user. @returns none if there are unused ones */
  async makeIfNone(tx: Transaction, userId: string): Promise<string[]> {
    return (await this.count(tx, userId)) > 0 ? [] : this.replace(tx, userId);
  }

  async verify(
    tx: Transaction,
    { code }: SecondFactorProof,
    { userId }: ProofPurpose,
  ): Promise<readonly string[] | undefined> {
    if (code === undefined) return undefined;
    const hashes = this.keyring.all('recovery-code').map(({ secret }) => this.hash(secret, userId, code));
    const [used] = await tx.query<[unknown[], number]>(
      `UPDATE recovery_codes SET used_at = now()
       WHERE user_id = $1 AND hash = ANY ($2::bytea[]) AND used_at IS NULL RETURNING user_id`,
      [userId, hashes],
    );
    // RFC 8176 has no value of its own for them: a one-time password.
    return used.length > 0 ? ['otp'] : undefined;
  }

  async removeAll(tx: Transaction, userId: string): Promise<void> {
    await tx.query('DELETE FROM recovery_codes WHERE user_id = $1', [userId]);
  }

  /** There is nothing left that they could stand in for. */
  @OnUserEvent('user.authenticator_removed')
  async removed({ userId }: UserEvent, tx: Transaction): Promise<void> {
    if (!(await this.factors.hasOne(tx, userId))) await this.removeAll(tx, userId);
  }

  private hash(key: Buffer, userId: string, code: string): Buffer {
    return hmacWith(key)
      .update(`${userId}:${normalized(code)}`)
      .digest();
  }
}

function newCode(): string {
  // 32 letters: every byte gives one without bias.
  const letters = Array.from(randomBytes(LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return `${letters.slice(0, GROUP)}-${letters.slice(GROUP)}`;
}

/** A code as somebody may type it: in any case, with or without separators, and with letters that look like digits. */
export function normalized(code: string): string {
  return code
    .toLowerCase()
    .replace(/[^0-9a-z]/g, '')
    .replaceAll('o', '0')
    .replace(/[il]/g, '1');
}
