import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import { PersonalData } from '../../events/personal-data.js';
import {
  type HeldFactor,
  type ProofPurpose,
  SecondFactor,
  type SecondFactorProof,
} from '../second-factors/second-factor.js';
import { stepOf } from './totp.js';

/** The label under which secrets are sealed. */
export const SECRET_LABEL = 'totp';

interface CredentialRow {
  readonly sealed_secret: Buffer;
  /** A bigint. */
  readonly last_step: string;
  /** Seconds since 1970, by the clock of the database, which is the same for every server. */
  readonly now: number;
}

/** Codes of an authenticator app (TOTP, RFC 6238). A user has at most one; its secret is sealed under the user's key. */
@Injectable()
export class TotpFactor extends SecondFactor {
  readonly method = 'totp';
  readonly table = 'totp_credentials';

  constructor(private readonly personalData: PersonalData) {
    super();
  }

  async heldBy(tx: Transaction, userId: string): Promise<HeldFactor[]> {
    const rows = await tx.query<Pick<HeldFactor, 'addedAt' | 'lastUsedAt'>[]>(
      `SELECT added_at AS "addedAt", last_used_at AS "lastUsedAt" FROM totp_credentials WHERE user_id = $1`,
      [userId],
    );
    return rows.map((row) => ({ ...row, id: 'totp', kind: 'totp', label: null }));
  }

  async verify(
    tx: Transaction,
    { code }: SecondFactorProof,
    { userId }: ProofPurpose,
  ): Promise<readonly string[] | undefined> {
    const [row] = await tx.query<CredentialRow[]>(
      `SELECT sealed_secret, last_step, extract(epoch FROM clock_timestamp())::float8 AS now
       FROM totp_credentials WHERE user_id = $1`,
      [userId],
    );
    const sealer = row && code !== undefined ? await this.personalData.sealer(tx, userId) : undefined;
    if (!row || !sealer || code === undefined) return undefined;
    const secret = sealer.open(row.sealed_secret, SECRET_LABEL).toString();
    const step = stepOf(secret, code, row.now, Number(row.last_step));
    if (step === undefined) return undefined;
    // Compared here again: of concurrent uses of one code, the first wins.
    const [used] = await tx.query<[unknown[], number]>(
      `UPDATE totp_credentials SET last_step = $2, last_used_at = now()
       WHERE user_id = $1 AND last_step < $2 RETURNING user_id`,
      [userId, step],
    );
    return used.length > 0 ? ['otp'] : undefined;
  }

  async removeAll(tx: Transaction, userId: string): Promise<void> {
    await tx.query('DELETE FROM totp_setups WHERE user_id = $1', [userId]);
    await tx.query('DELETE FROM totp_credentials WHERE user_id = $1', [userId]);
  }
}
