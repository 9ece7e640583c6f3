import { Injectable } from '@nestjs/common';
import { Keyring } from '../database/keyring.js';
import { newSealingKey, seal, unseal } from '../database/sealing.js';
import type { Transaction } from '../database/transaction.js';
import { TransactionMemory } from '../database/transaction-memory.js';
import { type NewUserEvent, USER_EVENTS } from './catalogue.js';

export interface SealedEvent {
  readonly version: number;
  /** The fields without personal data. Personal fields are null here, and stay null after an erasure. */
  readonly open: Record<string, unknown>;
  /** The personal fields as JSON, sealed under the user's own key; null when there are none. */
  readonly personal: Buffer | null;
}

/** The key of one user as `user_keys` holds it. */
export interface WrappedUserKey {
  readonly key_id: string;
  readonly wrapped: Buffer;
}

interface StoredData {
  readonly type: NewUserEvent['type'];
  readonly data: Record<string, unknown>;
  readonly personal: Buffer | null;
}

/** Unseals stored events of one user: gives their whole data as it was written. */
export interface Opener {
  (stored: StoredData): Record<string, unknown>;
  /** The user's key was destroyed: personal values are null. */
  readonly erased: boolean;
}

/** Seals personal data of one user outside the log; `label` names it, and is bound to the result. */
export interface Sealer {
  seal(plain: Buffer, label: string): Buffer;
  /** @throws Error when it was sealed for another user or label, or a byte was changed */
  open(sealed: Buffer, label: string): Buffer;
}

/**
 * Seals the personal data in events under a key of the user (`user_keys`), which is wrapped itself. Destroying that key erases the
 * person from the log, and from later backups of it, without changing a byte of the log.
 */
@Injectable()
export class PersonalData {
  /** The keys that open transactions have made, by user: nobody else can destroy them yet. */
  private readonly made = new TransactionMemory<Buffer>();

  constructor(private readonly keyring: Keyring) {}

  /**
   * Splits an event into open and sealed data; makes the user's key with the first.
   * @param known the user's key, if this transaction has read it
   */
  async seal(tx: Transaction, userId: string, event: NewUserEvent, known?: WrappedUserKey): Promise<SealedEvent> {
    const { version, personal } = USER_EVENTS[event.type];
    if (personal.length === 0) return { version, open: event.data, personal: null };
    const read = known ? this.unwrap(userId, known) : await this.userKey(tx, userId);
    const key = read ?? (await this.makeUserKey(tx, userId));
    return this.sealUnder(key, userId, event);
  }

  /** The same under a key that is known. */
  sealUnder(key: Buffer, userId: string, event: NewUserEvent): SealedEvent {
    const { version, personal } = USER_EVENTS[event.type];
    if (personal.length === 0) return { version, open: event.data, personal: null };
    const isPersonal = ([field]: [string, unknown]) => personal.includes(field);
    const fields = Object.entries(event.data as Record<string, unknown>);
    const open = Object.fromEntries(fields.map((field) => (isPersonal(field) ? [field[0], null] : field)));
    const hidden = Object.fromEntries(fields.filter(isPersonal));
    return { version, open, personal: seal(key, Buffer.from(JSON.stringify(hidden)), userId) };
  }

  /** Loads the user's key once, for any number of events. */
  async opener(tx: Transaction, userId: string): Promise<Opener> {
    return this.openerWith(userId, await this.userKey(tx, userId));
  }

  /** The same with a loaded key, which is undefined once it was destroyed. The opener throws when sealed bytes were changed. */
  openerWith(userId: string, key: Buffer | undefined): Opener {
    const open = ({ type, data, personal }: StoredData): Record<string, unknown> => {
      if (!personal) return data;
      if (!key) return withNulls(type, data);
      return { ...data, ...(JSON.parse(unseal(key, personal, userId).toString()) as object) };
    };
    return Object.assign(open, { erased: key === undefined });
  }

  /** For personal data outside the log, sealed under the same key; undefined once the key is destroyed. */
  async sealer(tx: Transaction, userId: string): Promise<Sealer | undefined> {
    const key = await this.userKey(tx, userId);
    return key && sealerWith(userId, key);
  }

  /** The same under a key that is known. */
  sealerUnder(key: Buffer, userId: string): Sealer {
    return sealerWith(userId, key);
  }

  /** The same for several users; those whose keys are destroyed have none. */
  async sealers(tx: Transaction, userIds: readonly string[]): Promise<ReadonlyMap<string, Sealer>> {
    if (userIds.length === 0) return new Map();
    const rows = await tx.query<(WrappedUserKey & { readonly user_id: string })[]>(
      'SELECT user_id, key_id, wrapped FROM user_keys WHERE user_id = ANY ($1)',
      [userIds],
    );
    return new Map(rows.map((row) => [row.user_id, sealerWith(row.user_id, this.unwrap(row.user_id, row))]));
  }

  /** @throws Error when the wrapping key is missing, or the bytes were changed */
  unwrap(userId: string, row: WrappedUserKey): Buffer {
    const wrapping = this.keyring.find('personal-data', row.key_id);
    if (!wrapping) throw new Error(`The key ${row.key_id} that wraps the key of user ${userId} is missing`);
    return unseal(wrapping.secret, row.wrapped, userId);
  }

  /** Destroys the user's key: nothing that was sealed under it can be read again. */
  async destroy(tx: Transaction, userId: string): Promise<void> {
    this.made.delete(tx, userId);
    await tx.query('DELETE FROM user_keys WHERE user_id = $1', [userId]);
  }

  private async userKey(tx: Transaction, userId: string): Promise<Buffer | undefined> {
    const made = this.made.get(tx, userId);
    if (made) return made;
    const [row] = await tx.query<WrappedUserKey[]>('SELECT key_id, wrapped FROM user_keys WHERE user_id = $1', [
      userId,
    ]);
    return row && this.unwrap(userId, row);
  }

  /** A new key for a user, and the same as `user_keys` holds it. */
  newUserKey(userId: string): { readonly key: Buffer; readonly row: WrappedUserKey } {
    const key = newSealingKey();
    const wrapping = this.keyring.current('personal-data');
    return { key, row: { key_id: wrapping.id, wrapped: seal(wrapping.secret, key, userId) } };
  }

  private async makeUserKey(tx: Transaction, userId: string): Promise<Buffer> {
    const { key, row } = this.newUserKey(userId);
    await tx.query('INSERT INTO user_keys (user_id, key_id, wrapped) VALUES ($1, $2, $3)', [
      userId,
      row.key_id,
      row.wrapped,
    ]);
    this.made.set(tx, userId, key);
    return key;
  }
}

function sealerWith(userId: string, key: Buffer): Sealer {
  // Events are sealed under the id alone, so nothing that is sealed here can pass for an event.
  const labelled = (label: string): string => `${userId}:${label}`;
  return {
    seal: (plain, label) => seal(key, plain, labelled(label)),
    open: (sealed, label) => unseal(key, sealed, labelled(label)),
  };
}

/** Release 0.1.0 left sealed fields out of `data`. All personal fields are in every event of the types that it wrote. */
function withNulls(type: StoredData['type'], data: Record<string, unknown>): Record<string, unknown> {
  const { personal } = USER_EVENTS[type];
  if (personal.some((field) => field in data)) return data;
  return { ...data, ...Object.fromEntries(personal.map((field) => [field, null])) };
}
