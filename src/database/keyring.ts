import { createCipheriv, createDecipheriv, generateKeyPairSync, hkdfSync, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';
import { connect } from './migrate.js';
import { lock, type Transaction, Transactions } from './transaction.js';

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
  'checkpoint',
] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

export interface Key {
  readonly id: string;
  readonly purpose: KeyPurpose;
  /** 32 random bytes; for `access-token` an ES256 and for `checkpoint` an Ed25519 private key, as PKCS #8 DER. */
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
 * another `SECRET_KEY` only has to wrap these few keys again, with every password, link and sealed value staying good.
 */
@Injectable()
export class Keyring {
  private readonly keys = new Map<string, Key>();
  private readonly newest = new Map<KeyPurpose, Key>();
  private wrappingKey: Buffer;

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    secretKey: string,
  ) {
    this.wrappingKey = wrappingKeyOf(secretKey);
  }

  /**
   * Reads every key, making those that are missing.
   * @throws WrongSecretKey, and has made none
   */
  async open(): Promise<void> {
    await this.transactions.run(async (tx) => {
      await lock(tx, 'keys');
      // First: a key made under another SECRET_KEY than the rest would shut out everybody.
      const existing = await this.unwrapAll(tx);
      for (const purpose of KEY_PURPOSES) {
        if (existing.some((key) => key.purpose === purpose)) continue;
        const id = randomBytes(8).toString('hex');
        const wrapped = seal(this.wrappingKey, makeSecret(purpose), `${purpose}:${id}`);
        await tx.query('INSERT INTO keys (id, purpose, wrapped) VALUES ($1, $2, $3)', [id, purpose, wrapped]);
      }
    });
    for (const key of await this.unwrapAll(this.dataSource)) {
      this.keys.set(key.id, key);
      this.newest.set(key.purpose, key);
    }
  }

  /**
   * Wraps every key with another `SECRET_KEY`, all of them or none. What was made with the keys stays good, and running
   * servers go on: they hold them unwrapped.
   * @returns how many keys there are
   * @throws WrongSecretKey when somebody else did so meanwhile
   */
  async rewrap(secretKey: string): Promise<number> {
    const wrappingKey = wrappingKeyOf(secretKey);
    const count = await this.transactions.run(async (tx) => {
      await lock(tx, 'keys');
      const keys = await this.unwrapAll(tx);
      for (const { id, purpose, secret } of keys) {
        const wrapped = seal(wrappingKey, secret, `${purpose}:${id}`);
        await tx.query('UPDATE keys SET wrapped = $2 WHERE id = $1', [id, wrapped]);
      }
      return keys.length;
    });
    this.wrappingKey = wrappingKey;
    return count;
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

  private async unwrapAll(database: Pick<DataSource, 'query'> | Transaction): Promise<Key[]> {
    const rows = await database.query<KeyRow[]>('SELECT id, purpose, wrapped FROM keys ORDER BY created_at, id');
    return rows.map(({ id, purpose, wrapped }) => {
      try {
        return { id, purpose, secret: unseal(this.wrappingKey, wrapped, `${purpose}:${id}`) };
      } catch {
        throw new WrongSecretKey();
      }
    });
  }
}

/**
 * Whether this is the `SECRET_KEY` of the database; not, as long as that has no keys.
 * @throws DatabaseUnavailable
 */
export async function opensKeys(url: string, secretKey: string): Promise<boolean> {
  const dataSource = await connect(new DataSource(dataSourceOptions(url, 1)), url);
  try {
    const [row] = await dataSource.query<KeyRow[]>('SELECT id, purpose, wrapped FROM keys LIMIT 1');
    if (!row) return false;
    unseal(wrappingKeyOf(secretKey), row.wrapped, `${row.purpose}:${row.id}`);
    return true;
  } catch {
    return false;
  } finally {
    await dataSource.destroy();
  }
}

function wrappingKeyOf(secretKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, '', 'roster key wrapping v1', 32));
}

function makeSecret(purpose: KeyPurpose): Buffer {
  if (purpose !== 'access-token' && purpose !== 'checkpoint') return randomBytes(32);
  const { privateKey } =
    purpose === 'checkpoint' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
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
