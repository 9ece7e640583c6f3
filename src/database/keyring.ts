import { createCipheriv, createDecipheriv, generateKeyPairSync, hkdfSync, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { lock, Transactions } from './transaction.js';

/** What a key is for; a key of one purpose is never used for another (NIST SP 800-57, 5.2). */
export const KEY_PURPOSES = [
  'password-pepper',
  'one-time-token',
  'refresh-token',
  'address',
  'idempotent-request',
  'access-token',
  'event-chain',
  'personal-data',
] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

export interface Key {
  readonly id: string;
  readonly purpose: KeyPurpose;
  /** 32 random bytes; for `access-token` an ES256 private key as PKCS #8 DER. */
  readonly secret: Buffer;
}

/** `SECRET_KEY` is not the one that this database's keys were wrapped with. */
export class WrongSecretKey extends Error {
  override readonly name = 'WrongSecretKey';
  constructor() {
    super(
      'SECRET_KEY is not the one that the keys in this database were wrapped with.\n' +
        'Start with the SECRET_KEY that was used before; without it passwords, links and sealed data cannot be read.',
    );
  }
}

interface KeyRow {
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly wrapped: Buffer;
}

/**
 * The random keys of every purpose. They are kept in the database wrapped by `SECRET_KEY`: a dump without it is useless, and
 * another `SECRET_KEY` will only have to wrap these few keys again, with every password, link and sealed value staying good.
 */
@Injectable()
export class Keyring {
  private readonly keys = new Map<string, Key>();
  private readonly newest = new Map<KeyPurpose, Key>();
  private readonly wrappingKey: Buffer;

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    secretKey: string,
  ) {
    this.wrappingKey = Buffer.from(hkdfSync('sha256', secretKey, '', 'roster key wrapping v1', 32));
  }

  /**
   * Reads every key, making those that are missing.
   * @throws WrongSecretKey
   */
  async open(): Promise<void> {
    await this.transactions.run(async (tx) => {
      await lock(tx, 'keys');
      const existing = await tx.query<{ purpose: KeyPurpose }[]>('SELECT DISTINCT purpose FROM keys');
      for (const purpose of KEY_PURPOSES) {
        if (existing.some((row) => row.purpose === purpose)) continue;
        const id = randomBytes(8).toString('hex');
        const wrapped = this.wrap(makeSecret(purpose), `${purpose}:${id}`);
        await tx.query('INSERT INTO keys (id, purpose, wrapped) VALUES ($1, $2, $3)', [id, purpose, wrapped]);
      }
    });
    await this.load();
  }

  /** The key to use for something new. */
  current(purpose: KeyPurpose): Key {
    const key = this.newest.get(purpose);
    if (!key) throw new Error(`The keyring is not open: no key for ${purpose}`);
    return key;
  }

  /** The key that made something that exists; undefined when there is no such key of that purpose. */
  find(purpose: KeyPurpose, id: string): Key | undefined {
    const key = this.keys.get(id);
    return key?.purpose === purpose ? key : undefined;
  }

  private async load(): Promise<void> {
    const rows = await this.dataSource.query<KeyRow[]>('SELECT id, purpose, wrapped FROM keys ORDER BY created_at, id');
    for (const { id, purpose, wrapped } of rows) {
      const key = { id, purpose, secret: this.unwrap(wrapped, `${purpose}:${id}`) };
      this.keys.set(id, key);
      this.newest.set(purpose, key);
    }
  }

  private wrap(secret: Buffer, label: string): Buffer {
    return seal(this.wrappingKey, secret, label);
  }

  private unwrap(wrapped: Buffer, label: string): Buffer {
    try {
      return unseal(this.wrappingKey, wrapped, label);
    } catch {
      throw new WrongSecretKey();
    }
  }
}

function makeSecret(purpose: KeyPurpose): Buffer {
  if (purpose !== 'access-token') return randomBytes(32);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM (NIST SP 800-38D) with a random nonce; `label` is bound to the result. Layout: nonce, ciphertext, tag. */
export function seal(key: Buffer, plain: Buffer, label: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(label));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws Error when key or label are others than those that sealed it, or when a byte was changed */
export function unseal(key: Buffer, sealed: Buffer, label: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(label));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}
