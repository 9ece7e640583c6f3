import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Keyring } from '../database/keyring.js';
import { hmacWith } from '../database/sealing.js';
import type { Transaction } from '../database/transaction.js';
import { PersonalData } from '../events/personal-data.js';
import { newKey } from './key-format.js';
import { TooManyKeys } from './service-account-errors.js';

/** At most so many live keys of one account: enough to rotate those of several places. */
export const MAX_KEYS = 20;

/** A key that was neither retired nor removed; it may have expired. */
export interface ServiceKey {
  readonly id: string;
  readonly name: string;
  /** In CIDR notation; none for all. */
  readonly networks: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly lastUsedIp: string | null;
}

export type NewServiceKey = Pick<ServiceKey, 'name' | 'networks' | 'expiresAt'>;

interface Row extends Omit<ServiceKey, 'name'> {
  readonly name: Buffer;
}

/** The keys of service accounts. A row holds an HMAC of the key, and its name sealed under the key of the account. */
@Injectable()
export class ServiceKeys {
  constructor(
    private readonly keyring: Keyring,
    private readonly personalData: PersonalData,
  ) {}

  /** Those that are not retired, oldest first. */
  async ofAccount(tx: Transaction, accountId: string): Promise<ServiceKey[]> {
    const rows = await tx.query<Row[]>(
      `SELECT ${COLUMNS} FROM service_keys WHERE user_id = $1 AND retired_at IS NULL ORDER BY created_at, id`,
      [accountId],
    );
    if (rows.length === 0) return [];
    const sealer = await this.personalData.sealer(tx, accountId);
    return rows.map((row) => ({ ...row, name: sealer?.open(row.name, labelOf(row.id)).toString() ?? '' }));
  }

  /**
   * To be called with the account locked.
   * @returns the key itself, which nobody can be told again
   * @throws TooManyKeys
   */
  async add(
    tx: Transaction,
    accountId: string,
    { name, networks, expiresAt }: NewServiceKey,
  ): Promise<{ readonly id: string; readonly key: string }> {
    const [held] = await tx.query<[{ count: number }]>(
      'SELECT count(*)::int AS count FROM service_keys WHERE user_id = $1 AND retired_at IS NULL',
      [accountId],
    );
    if (held.count >= MAX_KEYS) throw new TooManyKeys(MAX_KEYS);
    const sealer = await this.personalData.sealer(tx, accountId);
    // Every user has a key from the first event on, until erased.
    if (!sealer) throw new Error(`User ${accountId} has no key`);
    const id = uuidv7();
    const key = newKey(id);
    const { id: macKeyId } = this.keyring.current('service-key');
    const sealed = sealer.seal(Buffer.from(name), labelOf(id));
    await tx.query(
      `INSERT INTO service_keys (id, user_id, mac_key_id, mac, name, networks, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6::cidr[], $7)`,
      [id, accountId, macKeyId, this.macOf(key, macKeyId), sealed, networks, expiresAt],
    );
    return { id, key };
  }

  /** @returns false if the account has no such key, or it was retired before */
  async retire(tx: Transaction, accountId: string, id: string): Promise<boolean> {
    const [retired] = await tx.query<[unknown[], number]>(
      'UPDATE service_keys SET retired_at = now() WHERE user_id = $1 AND id = $2 AND retired_at IS NULL RETURNING id',
      [accountId, id],
    );
    return retired.length > 0;
  }

  async retireAll(tx: Transaction, accountId: string): Promise<void> {
    await tx.query('UPDATE service_keys SET retired_at = now() WHERE user_id = $1 AND retired_at IS NULL', [accountId]);
  }

  async removeAll(tx: Transaction, accountId: string): Promise<void> {
    await tx.query('DELETE FROM service_keys WHERE user_id = $1', [accountId]);
  }

  /** @throws Error when the key of the keyring is missing */
  macOf(key: string, macKeyId: string): Buffer {
    const found = this.keyring.find('service-key', macKeyId);
    if (!found) throw new Error(`The key ${macKeyId} of the keys of service accounts is missing`);
    return hmacWith(found.secret).update(key).digest();
  }
}

const COLUMNS = `id, name, networks::text[] AS networks, created_at AS "createdAt", expires_at AS "expiresAt",
  last_used_at AS "lastUsedAt", host(last_used_ip) AS "lastUsedIp"`;

const labelOf = (id: string): string => `service-key:${id}`;
