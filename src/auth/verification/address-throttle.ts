import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Keyring } from '../../database/keyring.js';
import type { Transaction } from '../../database/transaction.js';
import { addressKey } from '../../users/identifiers.js';

/** What somebody can have mailed to any address; each has a turn of its own, so that asking for one holds up no other. */
export type ThrottledMail = 'proof' | 'password-reset' | 'magic-link' | 'email-change';

/**
 * At most one mail a minute, kind and address, however many ask for it at once. Keeps an HMAC of the address, not the
 * address.
 */
@Injectable()
export class AddressThrottle {
  constructor(private readonly keyring: Keyring) {}

  /** True for the one who may mail the address now; decided at commit, so whoever rolls back leaves its turn to the next. */
  async take(tx: Transaction, email: string, mail: ThrottledMail = 'proof'): Promise<boolean> {
    const { secret } = this.keyring.current('address');
    const subject = mail === 'proof' ? addressKey(email) : `${mail}:${addressKey(email)}`;
    const hash = createHmac('sha256', secret).update(subject).digest();
    const rows = await tx.query<unknown[]>(
      `INSERT INTO address_throttle AS throttle (address_hash, last_mail_at) VALUES ($1, clock_timestamp())
       ON CONFLICT (address_hash) DO UPDATE SET last_mail_at = clock_timestamp()
         WHERE throttle.last_mail_at < clock_timestamp() - interval '1 minute'
       RETURNING 1`,
      [hash],
    );
    return rows.length === 1;
  }

  /** What no longer holds anybody back is not kept. */
  async forgetOld(tx: Transaction): Promise<void> {
    await tx.query("DELETE FROM address_throttle WHERE last_mail_at < now() - interval '1 hour'");
  }
}
