import { Injectable } from '@nestjs/common';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import { type Statement, Statements } from '../../database/statements.js';
import type { Transaction } from '../../database/transaction.js';
import { isClaimOf } from '../../users/store/claim-of-address.js';

/** Stands for a missing user, so that the query is the same. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** The hashes against which a password for an address or username is compared. */
export interface TypedPasswords {
  /** The owner's hash; undefined if there is no owner, or no password. */
  readonly own: { readonly hash: string; readonly changedAt: Date } | undefined;
  /** Whether there are unconfirmed registrations for the name, or confirmed ones that would otherwise still be waiting. */
  readonly areClaimed: boolean;
  /** The hashes of those registrations, newest first, unless taken over by the owner. */
  readonly ofClaims: readonly string[];
}

/** Selects the owner, if any, and the registrations that claim the address, or the one with the username. */
export interface Typed {
  readonly ownerId: string | undefined;
  readonly of: { readonly address: string } | { readonly userId: string | undefined };
}

interface ClaimPasswordRow {
  readonly hash: string | null;
  readonly changedAt: Date | null;
  readonly isOwn: boolean;
}

// One statement for everything that a sign-in compares: most of its database work.
const typed = (waiting: string, proved: string) => `
  SELECT hash, changed_at AS "changedAt", true AS "isOwn" FROM password_credentials WHERE user_id = $1
  UNION ALL
  (SELECT hash, NULL, false FROM users LEFT JOIN password_credentials ON user_id = users.id
   WHERE ${waiting} ORDER BY users.id DESC LIMIT 1000)
  UNION ALL
  SELECT hash, NULL, false FROM proved_claims WHERE ${proved}`;
const BY_ADDRESS: Statement = { name: 'passwords-by-address', text: typed(isClaimOf('$2'), 'address_hash = $3') };
const BY_USERNAME: Statement = {
  name: 'passwords-by-username',
  text: typed('users.id = $2 AND pending', 'user_id = $2'),
};

/**
 * The passwords of registrations, next to those of users. The creator of a registration must not learn that it, or another one for
 * the same address, was confirmed: neither from a response nor from its timing. So a confirmed claim is kept separately, regardless
 * of the account and its password, until it would have expired unconfirmed.
 */
@Injectable()
export class ClaimPasswords {
  constructor(
    private readonly statements: Statements,
    private readonly keyring: Keyring,
  ) {}

  /** All hashes to compare, outside any transaction. */
  async typed({ ownerId = NOBODY, of }: Typed): Promise<TypedPasswords> {
    const rows = await ('address' in of
      ? this.statements.read<ClaimPasswordRow>(BY_ADDRESS, [ownerId, of.address, this.hashOf(of.address)])
      : this.statements.read<ClaimPasswordRow>(BY_USERNAME, [ownerId, of.userId ?? NOBODY]));
    const own = rows.find((row): row is ClaimPasswordRow & { hash: string; changedAt: Date } => row.isOwn);
    const claims = rows.filter(({ isOwn }) => !isOwn);
    const ofClaims = claims.map(({ hash }) => hash).filter((hash) => hash !== null);
    return { own, areClaimed: claims.length > 0, ofClaims };
  }

  /**
   * Called when a registration is confirmed, before its account gets another password.
   * @param address the key of the confirmed address
   * @param isReplaced whether it gets another password: the original one is still answered as that of a claim
   */
  async keepProved(tx: Transaction, userId: string, address: string, isReplaced: boolean): Promise<void> {
    await tx.query(
      `INSERT INTO proved_claims (user_id, address_hash, hash, registered_at)
       SELECT users.id, $2::bytea, CASE WHEN $3::boolean THEN hash END, created_at
       FROM users LEFT JOIN password_credentials ON user_id = users.id WHERE users.id = $1
       ON CONFLICT DO NOTHING`,
      [userId, this.hashOf(address), isReplaced],
    );
  }

  /** Deletes those that would have expired. @param retention of registrations, in milliseconds */
  async forgetOld(tx: Transaction, retention: number): Promise<void> {
    await tx.query(`DELETE FROM proved_claims WHERE registered_at < now() - $1 * interval '1 millisecond'`, [
      retention,
    ]);
  }

  private hashOf(address: string): Buffer {
    return hmacWith(this.keyring.current('address').secret).update(`claim:${address}`).digest();
  }
}
