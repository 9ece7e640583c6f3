import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import { TransactionMemory } from '../../database/transaction-memory.js';
import { clientNetwork } from '../../access/client-network.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEventOf } from '../../events/user-event.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { isClaimOf } from '../../users/store/claim-of-address.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';

/** An unconfirmed registration. */
export interface Claim {
  readonly id: string;
  readonly email: string;
}

/**
 * Rules for registrations that share an address. Call these under the lock on the address, so that nobody confirms it meanwhile.
 */
@Injectable()
export class Claims {
  /** Whether several users own or claim an address that a transaction has looked at. */
  private readonly contested = new TransactionMemory<boolean>();

  constructor(private readonly tokens: OneTimeTokens) {}

  /** Another user now owns or claims the address. */
  @OnUserEvent('user.created', 'user.email_changed')
  async changed(
    { data }: UserEventOf<'user.created'> | UserEventOf<'user.email_changed'>,
    tx: Transaction,
  ): Promise<void> {
    if (data.email !== null) await this.noteRivals(tx, data.email);
  }

  /**
   * If several users own or claim this address, the password of a registration may be a rival's: its link requires a new one from
   * now on, even after the others are gone.
   * @returns whether there are several
   */
  async noteRivals(tx: Transaction, email: string): Promise<boolean> {
    const address = addressKey(email);
    const rows = await tx.query<{ id: string; pending: boolean }[]>(
      // Each half uses its own index; there is none for both.
      `SELECT id, pending FROM users WHERE email_key = $1 AND NOT pending
       UNION ALL SELECT id, pending FROM users WHERE ${isClaimOf('$1')}`,
      [address],
    );
    const isContested = rows.length > 1;
    this.contested.set(tx, address, isContested);
    if (!isContested) return false;
    await this.tokens.requireNewPassword(
      tx,
      rows.filter(({ pending }) => pending).map(({ id }) => id),
      'verify-email',
    );
    return true;
  }

  /** Whether a user whom this transaction has created has rivals. They were looked for then (`changed`), which is not done twice. */
  async hasRivals(tx: Transaction, email: string): Promise<boolean> {
    return this.contested.get(tx, addressKey(email)) ?? this.noteRivals(tx, email);
  }

  /** The registration whose link is requested again: one from the same network, else the newest. */
  async meantBy(tx: Transaction, email: string, ip: string | null): Promise<Claim | undefined> {
    const claims = await tx.query<(Claim & { readonly ip: string | null })[]>(
      `SELECT users.id, email, host(requested_ip) AS ip FROM users
       LEFT JOIN one_time_tokens ON user_id = users.id AND purpose = 'verify-email'
       WHERE ${isClaimOf('$1')} ORDER BY users.id DESC LIMIT 100`,
      [addressKey(email)],
    );
    const network = clientNetwork(ip);
    return claims.find((claim) => claim.ip !== null && clientNetwork(claim.ip) === network) ?? claims[0];
  }
}
