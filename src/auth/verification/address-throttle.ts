import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { Keyring } from '../../database/keyring.js';
import type { Transaction } from '../../database/transaction.js';
import { clientNetwork } from '../../http/client-network.js';
import { addressKey } from '../../users/identifiers.js';

/** What anybody can have mailed to any address. */
export type ThrottledMail =
  'verification' | 'invitation' | 'contact' | 'password-reset' | 'magic-link' | 'email-change';

/** A mail that somebody asks for. */
export interface AskedMail {
  readonly mail: ThrottledMail;
  readonly email: string;
  /** What its link is about: the id of a user, or of a contact. */
  readonly subject: string;
}

type Asker = Pick<RequestContext, 'actor'> & Partial<Pick<RequestContext, 'ip'>>;

/** Of all these mails together, to one address in 24 hours. */
export const MAILS_A_DAY = 12;
/** Of those, one account or network may ask for so many, so that nobody alone uses up the allowance of an address. */
export const MAILS_A_DAY_FOR_ONE_ASKER = 8;

/**
 * Limits what strangers can have mailed to an address: one mail a minute for each subject and kind, so that rivals for one
 * address never take each other's turn, and `MAILS_A_DAY` for the address. Keeps HMACs of addresses, not the addresses.
 */
@Injectable()
export class AddressThrottle {
  constructor(private readonly keyring: Keyring) {}

  /** True if the mail may be sent now. Decided at commit, so a transaction that rolls back leaves its turn to the next. */
  async take(tx: Transaction, { mail, email, subject }: AskedMail, by: Asker): Promise<boolean> {
    const address = addressKey(email);
    if (!(await this.takeMinute(tx, `${mail}:${subject}:${address}`))) return false;
    const asker = askerOf(by);
    if (asker !== null && !(await this.takeOfDay(tx, `${asker}>${address}`, MAILS_A_DAY_FOR_ONE_ASKER))) return false;
    return this.takeOfDay(tx, address, MAILS_A_DAY);
  }

  /** Removes what holds nobody back any more. */
  async forgetOld(tx: Transaction): Promise<void> {
    await tx.query("DELETE FROM address_throttle WHERE last_mail_at < now() - interval '1 hour'");
    await tx.query(
      "DELETE FROM address_allowances WHERE mailed_at[array_upper(mailed_at, 1)] < now() - interval '1 day'",
    );
  }

  private async takeMinute(tx: Transaction, subject: string): Promise<boolean> {
    const rows = await tx.query<unknown[]>(
      `INSERT INTO address_throttle AS throttle (address_hash, last_mail_at) VALUES ($1, clock_timestamp())
       ON CONFLICT (address_hash) DO UPDATE SET last_mail_at = clock_timestamp()
         WHERE throttle.last_mail_at < clock_timestamp() - interval '1 minute'
       RETURNING 1`,
      [this.hash(subject)],
    );
    return rows.length === 1;
  }

  /** One of `most` in any 24 hours. */
  private async takeOfDay(tx: Transaction, subject: string, most: number): Promise<boolean> {
    const ofDay = `array(SELECT at FROM unnest(allowance.mailed_at) AS at WHERE at > clock_timestamp() - interval '1 day' ORDER BY at)`;
    const rows = await tx.query<unknown[]>(
      `INSERT INTO address_allowances AS allowance (address_hash, mailed_at) VALUES ($1, ARRAY[clock_timestamp()])
       ON CONFLICT (address_hash) DO UPDATE SET mailed_at = ${ofDay} || clock_timestamp()
         WHERE cardinality(${ofDay}) < $2
       RETURNING 1`,
      [this.hash(subject), most],
    );
    return rows.length === 1;
  }

  private hash(subject: string): Buffer {
    return createHmac('sha256', this.keyring.current('address').secret).update(subject).digest();
  }
}

/** An account or a network; null for work that no request caused, such as an embedding application's. */
function askerOf({ actor, ip = null }: Asker): string | null {
  if (actor.kind === 'system') return null;
  return actor.kind === 'user' ? actor.id : clientNetwork(ip);
}
