import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import { clientNetwork } from '../../access/client-network.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEventOf } from '../../events/user-event.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';

/** A registration that waits for a proof of its address. */
export interface Claim {
  readonly id: string;
  readonly email: string;
}

/**
 * What happens to registrations that share an address. To be called under the lock on the address, so that nobody proves it
 * meanwhile.
 */
@Injectable()
export class Claims {
  constructor(private readonly tokens: OneTimeTokens) {}

  /** Somebody else has the address from now on, or claims it. */
  @OnUserEvent('user.created', 'user.email_changed')
  async changed(
    { data }: UserEventOf<'user.created'> | UserEventOf<'user.email_changed'>,
    tx: Transaction,
  ): Promise<void> {
    if (data.email !== null) await this.noteRivals(tx, data.email);
  }

  /**
   * Where several have or claim this address, the password of a registration may be that of a rival: its link asks for a new one
   * from now on, also when the others are gone by then.
   */
  async noteRivals(tx: Transaction, email: string): Promise<void> {
    const rows = await tx.query<{ id: string; pending: boolean }[]>(
      // Each half uses its own index; there is none for both.
      `SELECT id, pending FROM users WHERE email_key = $1 AND NOT pending
       UNION ALL SELECT id, pending FROM users WHERE email_key = $1 AND pending`,
      [addressKey(email)],
    );
    if (rows.length < 2) return;
    await this.tokens.requireNewPassword(
      tx,
      rows.filter(({ pending }) => pending).map(({ id }) => id),
      'verify-email',
    );
  }

  /** Whose link somebody means who asks for it again: one that was registered from the same network, else the newest. */
  async meantBy(tx: Transaction, email: string, ip: string | null): Promise<Claim | undefined> {
    const claims = await tx.query<(Claim & { readonly ip: string | null })[]>(
      `SELECT users.id, email, host(requested_ip) AS ip FROM users
       LEFT JOIN one_time_tokens ON user_id = users.id AND purpose = 'verify-email'
       WHERE email_key = $1 AND pending ORDER BY users.id DESC LIMIT 100`,
      [addressKey(email)],
    );
    const network = clientNetwork(ip);
    return claims.find((claim) => claim.ip !== null && clientNetwork(claim.ip) === network) ?? claims[0];
  }
}
