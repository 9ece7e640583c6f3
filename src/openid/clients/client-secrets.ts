import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import type { Transaction } from '../../database/transaction.js';

const SECRET_BYTES = 32;
/** For programs that look for secrets in what people publish. */
const PREFIX = 'rcs_';
/** In characters; ours have 47. */
const LONGEST_SECRET = 200;
/** How many are accepted at once; the oldest go first. */
const MAX_VALID_SECRETS = 5;

/** A secret as it is kept. */
export interface KeptSecret {
  readonly key_id: string;
  readonly mac: Buffer;
}

/** The secrets of clients. Of each only an HMAC is kept, under a key of the key ring: the database alone proves and reveals none. */
@Injectable()
export class ClientSecrets {
  constructor(private readonly keyring: Keyring) {}

  /** Makes and keeps the first secret of a client. @returns the secret, which is nowhere else */
  async create(tx: Transaction, clientId: string): Promise<string> {
    const secret = PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
    const key = this.keyring.current('client-secret');
    await tx.query('INSERT INTO client_secrets (id, client_id, key_id, mac) VALUES ($1, $2, $3, $4)', [
      uuidv7(),
      clientId,
      key.id,
      macOf(key.secret, clientId, secret),
    ]);
    return secret;
  }

  /**
   * Makes a new secret. The present one is accepted for a while yet; those replaced earlier end no later than before.
   * @param overlap in seconds; 0 ends every other secret at once
   */
  async rotate(tx: Transaction, clientId: string, overlap: number): Promise<string> {
    await tx.query(
      `UPDATE client_secrets SET expires_at = least(expires_at, date_trunc('milliseconds', now() + $2 * interval '1 second')) WHERE client_id = $1`,
      [clientId, overlap],
    );
    await tx.query(REMOVE_OLD, [clientId, MAX_VALID_SECRETS - 1]);
    return this.create(tx, clientId);
  }

  /**
   * Whether a secret is one of these. Takes the same time for each, and for none.
   * @param kept those of the client that are valid now
   */
  isOneOf(kept: readonly KeptSecret[], clientId: string, secret: string): boolean {
    if (secret.length > LONGEST_SECRET) return false;
    let found = 0;
    // Without any, as for an unknown client, one is compared all the same.
    for (const { key_id, mac } of kept.length > 0 ? kept : [NONE]) {
      const key = this.keyring.find('client-secret', key_id) ?? this.keyring.current('client-secret');
      found += Number(timingSafeEqual(macOf(key.secret, clientId, secret), mac));
    }
    return found > 0;
  }
}

/** The MAC of nothing. */
const NONE: KeptSecret = { key_id: '', mac: Buffer.alloc(32) };

function macOf(key: Buffer, clientId: string, secret: string): Buffer {
  return hmacWith(key).update(`${clientId}\0${secret}`).digest();
}

const REMOVE_OLD = `
  DELETE FROM client_secrets WHERE client_id = $1 AND (expires_at <= now() OR id IN (
    SELECT id FROM client_secrets WHERE client_id = $1 ORDER BY created_at DESC, id DESC OFFSET $2))`;
