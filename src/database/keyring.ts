import { hkdfSync, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';
import { KeyOutOfReach, WrongSecretKey } from './key-errors.js';
import {
  isMadeLater,
  type Key,
  KEY_PURPOSES,
  type KeyPurpose,
  makeSecret,
  type PurposeThatRotates,
  SIGNING_PURPOSES,
} from './key-purposes.js';
import { connect } from './migrate.js';
import { seal, unseal } from './sealing.js';
import { lock, type Transaction, Transactions } from './transaction.js';

export { type Key, KEY_PURPOSES, type KeyPurpose, SIGNING_PURPOSES } from './key-purposes.js';

/** The channel that notifies running servers of key changes; a lost notification is made up for by `revocations`. */
export const KEYS_CHANNEL = 'roster_keys';

interface KeyRow {
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly wrapped: Buffer;
  readonly created_at: Date;
}

/**
 * The random keys of every purpose, stored in the database wrapped with `SECRET_KEY`: a dump without it is useless, and changing
 * `SECRET_KEY` only rewraps these few keys, while every password, link and sealed value stays valid.
 */
@Injectable()
export class Keyring {
  private keys: ReadonlyMap<string, Key> = new Map();
  private newest: ReadonlyMap<KeyPurpose, Key> = new Map();
  private replaced = false;
  private wrappingKey: Buffer;

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    secretKey: string,
  ) {
    this.wrappingKey = wrappingKeyOf(secretKey);
  }

  /**
   * Reads every key and creates missing ones.
   * @throws WrongSecretKey, without having created any
   */
  async open(): Promise<void> {
    await this.transactions.run(async (tx) => {
      await lock(tx, 'keys');
      // First: a key created under a different SECRET_KEY than the others would lock everybody out.
      const existing = await this.unwrapAll(tx);
      for (const purpose of KEY_PURPOSES) {
        if (isMadeLater(purpose) || existing.some((key) => key.purpose === purpose)) continue;
        await this.make(tx, purpose, await makeSecret(purpose));
      }
    });
    this.take(await this.unwrapAll(this.dataSource));
  }

  /**
   * Whether `SECRET_KEY` was replaced while this process runs (`roster rotate-secret`), as found by `reload`: keys in memory stay
   * valid, but newer ones cannot be read, and it creates none, since no other server could read them.
   */
  get isSecretReplaced(): boolean {
    return this.replaced;
  }

  /** Reads keys that others created or rewrapped since, and forgets removed ones. */
  async reload(): Promise<void> {
    const rows = await this.dataSource.query<KeyRow[]>(SELECT_KEYS);
    const read = rows.map((row) => this.unwrap(row));
    this.take(rows.flatMap((row, index) => this.keys.get(row.id) ?? read[index] ?? []));
    this.replaced = read.includes(undefined);
  }

  /** Makes the first key of a purpose if there is none. */
  async ensure(purpose: PurposeThatRotates): Promise<void> {
    if (this.newest.has(purpose)) return;
    // Outside the transaction: an RSA key takes a tenth of a second and more.
    const secret = await makeSecret(purpose);
    await this.transactions.run(async (tx) => {
      await lock(tx, 'keys');
      const rows = await tx.query<KeyRow[]>(SELECT_KEYS);
      if (rows.some((row) => row.purpose === purpose) || rows.some((row) => this.unwrap(row) === undefined)) return;
      await tx.query('SELECT pg_notify($1, $2)', [KEYS_CHANNEL, '']);
      await this.make(tx, purpose, secret);
    });
    await this.reload();
    if (!this.newest.has(purpose)) throw new KeyOutOfReach(purpose);
  }

  /**
   * Creates a new current key. The previous one stays valid for verification until `dropRetired`.
   * @param age does nothing while the newest key is younger than this, in milliseconds
   * @returns the id of the new key; undefined if none was due, or if `isSecretReplaced`
   */
  async rotate(purpose: PurposeThatRotates, age = 0): Promise<string | undefined> {
    if (isMadeLater(purpose) && !this.newest.has(purpose)) return undefined;
    const secret = await makeSecret(purpose);
    const id = await this.transactions.run(async (tx) => {
      await lock(tx, 'keys');
      const rows = await tx.query<KeyRow[]>(SELECT_KEYS);
      this.replaced = rows.some((row) => this.unwrap(row) === undefined);
      if (this.replaced) return undefined;
      const young = await tx.query<unknown[]>(
        `SELECT FROM keys WHERE purpose = $1 AND retired_at IS NULL AND created_at > now() - $2 * interval '1 millisecond'`,
        [purpose, age],
      );
      if (young.length > 0) return undefined;
      await tx.query('UPDATE keys SET retired_at = now() WHERE purpose = $1 AND retired_at IS NULL', [purpose]);
      await tx.query('SELECT pg_notify($1, $2)', [KEYS_CHANNEL, '']);
      return this.make(tx, purpose, secret);
    });
    if (id !== undefined) await this.reload();
    return id;
  }

  /** Rotates every key that signs tokens. @returns the id of the one for access tokens; undefined if `isSecretReplaced` */
  async rotateSigning(): Promise<string | undefined> {
    const id = await this.rotate('access-token');
    for (const purpose of SIGNING_PURPOSES) await this.rotate(purpose);
    return id;
  }

  /**
   * Destroys keys that were replaced at least that many milliseconds ago; none if this process cannot read their successors and
   * still uses them. @returns how many
   */
  async dropRetired(purpose: PurposeThatRotates, age: number): Promise<number> {
    if (this.replaced) return 0;
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `DELETE FROM keys WHERE purpose = $1 AND retired_at < now() - $2 * interval '1 millisecond'`,
      [purpose, age],
    );
    if (count > 0) await this.reload();
    return count;
  }

  /**
   * Rewraps every key with another `SECRET_KEY`, all or none. Everything made with the keys stays valid, and running servers
   * continue, as they hold the keys unwrapped.
   * @returns the number of keys
   * @throws WrongSecretKey if they were rewrapped concurrently
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
      await tx.query('SELECT pg_notify($1, $2)', [KEYS_CHANNEL, '']);
      return keys.length;
    });
    this.wrappingKey = wrappingKey;
    return count;
  }

  /**
   * The key to use for something new.
   * @throws KeyOutOfReach if the last key readable by this process was destroyed
   */
  current(purpose: KeyPurpose): Key {
    const key = this.newest.get(purpose);
    if (!key) throw new KeyOutOfReach(purpose);
    return key;
  }

  /** The key with this id; undefined if there is none of that purpose. */
  find(purpose: KeyPurpose, id: string): Key | undefined {
    const key = this.keys.get(id);
    return key?.purpose === purpose ? key : undefined;
  }

  /** Every existing key of a purpose, oldest first. */
  all(purpose: KeyPurpose): Key[] {
    return [...this.keys.values()].filter((key) => key.purpose === purpose);
  }

  private async make(tx: Transaction, purpose: KeyPurpose, secret: Buffer): Promise<string> {
    const id = randomBytes(8).toString('hex');
    const wrapped = seal(this.wrappingKey, secret, `${purpose}:${id}`);
    await tx.query('INSERT INTO keys (id, purpose, wrapped) VALUES ($1, $2, $3)', [id, purpose, wrapped]);
    return id;
  }

  /** @param keys all keys, oldest first */
  private take(keys: readonly Key[]): void {
    this.keys = new Map(keys.map((key) => [key.id, key]));
    this.newest = new Map(keys.map((key) => [key.purpose, key]));
  }

  private async unwrapAll(database: Pick<DataSource, 'query'> | Transaction): Promise<Key[]> {
    const rows = await database.query<KeyRow[]>(SELECT_KEYS);
    return rows.map((row) => {
      const key = this.unwrap(row);
      if (!key) throw new WrongSecretKey();
      return key;
    });
  }

  private unwrap({ id, purpose, wrapped, created_at: createdAt }: KeyRow): Key | undefined {
    try {
      return { id, purpose, secret: unseal(this.wrappingKey, wrapped, `${purpose}:${id}`), createdAt };
    } catch {
      return undefined;
    }
  }
}

const SELECT_KEYS = 'SELECT id, purpose, wrapped, created_at FROM keys ORDER BY retired_at NULLS LAST, created_at, id';

/**
 * Whether this is the `SECRET_KEY` of the database; false while that has no keys.
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
