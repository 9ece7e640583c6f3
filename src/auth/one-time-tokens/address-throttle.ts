import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import type { Transaction } from '../../database/transaction.js';
import { clientNetwork } from '../../access/client-network.js';
import { addressKey } from '../../users/aggregate/identifiers.js';

/** Mails that anybody can request for any address. */
export type ThrottledMail =
  'verification' | 'invitation' | 'contact' | 'password-reset' | 'magic-link' | 'email-change';

/** A requested mail. */
export interface AskedMail {
  readonly mail: ThrottledMail;
  readonly email: string;
  /** The subject of its link: the id of a user or a contact. */
  readonly subject: string;
  /** The previously mailed link is dead already, so the next mail need not wait a minute. */
  readonly isAnother?: boolean;
}

type Asker = Pick<RequestContext, 'actor'> & Partial<Pick<RequestContext, 'ip'>>;

/** Maximum of all these mails to one address in 24 hours. */
export const MAILS_A_DAY = 12;
/** Of those, mails to users who may not own the address; the rest is reserved for password resets and sign-in links. */
export const MAILS_A_DAY_FOR_ANYBODY = 10;
/** Of those, the maximum per requesting account or network, so that nobody alone can use up the allowance of an address. */
export const MAILS_A_DAY_FOR_ONE_ASKER = 8;

const FOR_ITS_OWNER: ReadonlySet<ThrottledMail> = new Set(['password-reset', 'magic-link']);

/** A party with an allowance of `most` mails in any 24 hours. */
interface Allowance {
  readonly subject: string;
  readonly most: number;
}

/**
 * Limits the mails that strangers can cause to an address: one a minute per subject and kind, so that rivals for one address do not
 * block each other, and `MAILS_A_DAY` per address. Stores HMACs of addresses, not the addresses.
 */
@Injectable()
export class AddressThrottle {
  constructor(private readonly keyring: Keyring) {}

  /**
   * True if the mail may be sent now. Takes effect at commit, so a rollback consumes nothing. Requesters without an allowance left
   * consume none of the address.
   */
  async take(tx: Transaction, asked: AskedMail, by: Asker): Promise<boolean> {
    const { mail, subject, isAnother = false } = asked;
    const address = addressKey(asked.email);
    const allowances: Allowance[] = [
      ...askersOf(by).map((asker) => ({ subject: `${asker}>${address}`, most: MAILS_A_DAY_FOR_ONE_ASKER })),
      ...(FOR_ITS_OWNER.has(mail) ? [] : [{ subject: `anybody>${address}`, most: MAILS_A_DAY_FOR_ANYBODY }]),
      { subject: address, most: MAILS_A_DAY },
    ];
    const [{ taken }] = await tx.query<[{ taken: boolean }]>(takeAll(allowances.length), [
      this.hash(`${mail}:${subject}:${address}`),
      isAnother,
      ...allowances.flatMap((one) => [this.hash(one.subject), one.most]),
    ]);
    return taken;
  }

  /** Until when no mail can be requested for this address, because its allowance of a day is used up; undefined while one can. */
  async usedUpUntil(tx: Transaction, email: string): Promise<Date | undefined> {
    const address = addressKey(email);
    const rows = await tx.query<{ until: Date }[]>(
      `SELECT min(at) + interval '1 day' AS until
       FROM unnest($1::bytea[], $2::int[]) AS allowance (hash, most)
       JOIN address_allowances ON address_hash = hash, unnest(mailed_at) AS at
       WHERE at > clock_timestamp() - interval '1 day' GROUP BY hash, most HAVING count(*) >= most ORDER BY 1 DESC`,
      [
        [this.hash(address), this.hash(`anybody>${address}`)],
        [MAILS_A_DAY, MAILS_A_DAY_FOR_ANYBODY],
      ],
    );
    return rows[0]?.until;
  }

  /** Removes expired allowances. */
  async forgetOld(tx: Transaction): Promise<void> {
    await tx.query("DELETE FROM address_throttle WHERE last_mail_at < now() - interval '1 hour'");
    await tx.query(
      "DELETE FROM address_allowances WHERE mailed_at[array_upper(mailed_at, 1)] < now() - interval '1 day'",
    );
  }

  private hash(subject: string): Buffer {
    return hmacWith(this.keyring.current('address').secret).update(subject).digest();
  }
}

/**
 * The requesting account, and its network if known: a person with both does not get twice as many mails. None for work without a
 * request, such as an embedding application's.
 */
function askersOf({ actor, ip = null }: Asker): string[] {
  if (actor.kind === 'system') return [];
  if (actor.kind !== 'user') return [clientNetwork(ip)];
  return ip === null ? [actor.id] : [actor.id, clientNetwork(ip)];
}

/** One statement for the minute and all allowances; none is consumed if an earlier one is used up. */
function takeAll(allowances: number): string {
  const ofDay = `array(SELECT at FROM unnest(allowance.mailed_at) AS at WHERE at > clock_timestamp() - interval '1 day' ORDER BY at)`;
  const turns = Array.from(
    { length: allowances },
    (_, index) => `
      turn_${index + 1} AS (
        INSERT INTO address_allowances AS allowance (address_hash, mailed_at)
        SELECT $${2 * index + 3}::bytea, ARRAY[clock_timestamp()] WHERE EXISTS (SELECT FROM turn_${index})
        ON CONFLICT (address_hash) DO UPDATE SET mailed_at = ${ofDay} || clock_timestamp()
          WHERE cardinality(${ofDay}) < $${2 * index + 4}::int
        RETURNING 1)`,
  );
  return `
    WITH turn_0 AS (
      INSERT INTO address_throttle AS throttle (address_hash, last_mail_at) VALUES ($1, clock_timestamp())
      ON CONFLICT (address_hash) DO UPDATE SET last_mail_at = clock_timestamp()
        WHERE $2::boolean OR throttle.last_mail_at < clock_timestamp() - interval '1 minute'
      RETURNING 1),${turns.join(',')}
    SELECT EXISTS (SELECT FROM turn_${allowances}) AS taken`;
}
