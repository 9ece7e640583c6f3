import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type Transaction, violatedConstraint } from '../../database/transaction.js';
import { PersonalData } from '../../events/personal-data.js';
import { PasskeyExists } from './passkey-errors.js';

/** At most so many for one user: enough for every device, few enough for every request of a browser. */
export const MAX_PASSKEYS = 20;

/** What verification learned of a new passkey. */
export interface VerifiedPasskey {
  readonly credentialId: Buffer;
  /** COSE (RFC 9052). */
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly transports: readonly string[];
  /** Whether it can be synchronised to other devices. */
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  /** The model of the authenticator, where it tells; zeros where it does not. */
  readonly aaguid: string;
}

/** A passkey of a user. */
export interface Passkey extends VerifiedPasskey {
  readonly id: string;
  readonly userId: string;
  readonly rpId: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

interface Row {
  readonly id: string;
  readonly user_id: string;
  readonly rp_id: string;
  readonly credential_id: Buffer;
  readonly public_key: Buffer;
  readonly counter: string;
  readonly transports: string[];
  readonly backup_eligible: boolean;
  readonly backed_up: boolean;
  readonly aaguid: string;
  readonly name: Buffer;
  readonly created_at: Date;
  readonly last_used_at: Date | null;
}

/** The passkeys of users. Names are sealed under the key of their user. */
@Injectable()
export class Passkeys {
  constructor(private readonly personalData: PersonalData) {}

  /** All of a user, oldest first. */
  async ofUser(tx: Transaction, userId: string): Promise<Passkey[]> {
    const rows = await tx.query<Row[]>('SELECT * FROM passkeys WHERE user_id = $1 ORDER BY created_at, id', [userId]);
    return this.opened(tx, userId, rows);
  }

  /** Since when the user has one for this host; undefined without one. */
  async heldSince(tx: Transaction, userId: string, rpId: string): Promise<Date | undefined> {
    const [row] = await tx.query<[{ since: Date | null }]>(
      'SELECT min(created_at) AS since FROM passkeys WHERE user_id = $1 AND rp_id = $2',
      [userId, rpId],
    );
    return row.since ?? undefined;
  }

  async find(tx: Transaction, userId: string, id: string): Promise<Passkey | undefined> {
    const rows = await tx.query<Row[]>('SELECT * FROM passkeys WHERE user_id = $1 AND id = $2', [userId, id]);
    return (await this.opened(tx, userId, rows))[0];
  }

  /** @param credentialId base64url */
  async byCredential(tx: Transaction, credentialId: string): Promise<Passkey | undefined> {
    const bytes = Buffer.from(credentialId, 'base64url');
    const rows = await tx.query<Row[]>('SELECT * FROM passkeys WHERE credential_id = $1', [bytes]);
    const [row] = rows;
    return row && (await this.opened(tx, row.user_id, rows))[0];
  }

  /** @throws PasskeyExists for a credential that any user has */
  async add(tx: Transaction, userId: string, rpId: string, name: string, made: VerifiedPasskey): Promise<Passkey> {
    const id = uuidv7();
    try {
      await tx.query(
        `INSERT INTO passkeys (id, user_id, rp_id, credential_id, public_key, counter, transports, backup_eligible, backed_up,
           aaguid, name)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [
          id,
          userId,
          rpId,
          made.credentialId,
          made.publicKey,
          made.counter,
          made.transports,
          made.backupEligible,
          made.backedUp,
          made.aaguid,
          await this.sealed(tx, userId, id, name),
        ],
      );
    } catch (error) {
      if (violatedConstraint(error) === 'passkeys_once') throw new PasskeyExists();
      throw error;
    }
    const added = await this.find(tx, userId, id);
    if (!added) throw new Error(`Passkey ${id} was added and is not there`);
    return added;
  }

  /**
   * Records a use. Of two uses with one value of the counter, the second fails; authenticators without a counter say 0.
   * @returns false if the passkey was removed meanwhile, or its counter is not below this one
   */
  async use(tx: Transaction, id: string, counter: number, backedUp: boolean): Promise<boolean> {
    const [used] = await tx.query<[unknown[], number]>(
      `UPDATE passkeys SET counter = $2, backed_up = $3, last_used_at = now()
       WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0)) RETURNING id`,
      [id, counter, backedUp],
    );
    return used.length > 0;
  }

  /** @returns false if the user has no such passkey */
  async rename(tx: Transaction, userId: string, id: string, name: string): Promise<boolean> {
    const [renamed] = await tx.query<[unknown[], number]>(
      'UPDATE passkeys SET name = $3 WHERE user_id = $1 AND id = $2 RETURNING id',
      [userId, id, await this.sealed(tx, userId, id, name)],
    );
    return renamed.length > 0;
  }

  /** @returns false if the user has no such passkey */
  async remove(tx: Transaction, userId: string, id: string): Promise<boolean> {
    const [removed] = await tx.query<[unknown[], number]>(
      'DELETE FROM passkeys WHERE user_id = $1 AND id = $2 RETURNING id',
      [userId, id],
    );
    return removed.length > 0;
  }

  async removeAll(tx: Transaction, userId: string): Promise<void> {
    await tx.query('DELETE FROM passkeys WHERE user_id = $1', [userId]);
    await tx.query('DELETE FROM passkey_challenges WHERE user_id = $1', [userId]);
  }

  private async sealed(tx: Transaction, userId: string, id: string, name: string): Promise<Buffer> {
    const sealer = await this.personalData.sealer(tx, userId);
    // Every user has a key from the first event on, until erased.
    if (!sealer) throw new Error(`User ${userId} has no key`);
    return sealer.seal(Buffer.from(name), labelOf(id));
  }

  private async opened(tx: Transaction, userId: string, rows: readonly Row[]): Promise<Passkey[]> {
    if (rows.length === 0) return [];
    const sealer = await this.personalData.sealer(tx, userId);
    return rows.map((row) => ({
      id: row.id,
      userId: row.user_id,
      rpId: row.rp_id,
      credentialId: row.credential_id,
      publicKey: row.public_key,
      counter: Number(row.counter),
      transports: row.transports,
      backupEligible: row.backup_eligible,
      backedUp: row.backed_up,
      aaguid: row.aaguid,
      name: sealer?.open(row.name, labelOf(row.id)).toString() ?? '',
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
    }));
  }
}

const labelOf = (id: string): string => `passkey:${id}`;
