import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Keyring, seal, unseal } from '../database/keyring.js';
import type { Transaction } from '../database/transaction.js';
import { type NewUserEvent, USER_EVENTS } from './catalogue.js';

interface SealedEvent {
  readonly version: number;
  /** The fields that say nothing about the person. */
  readonly open: Record<string, unknown>;
  /** The rest as JSON, sealed under the user's own key; null when there is none. */
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

/**
 * Seals what events say about a person under a key of that user alone (`user_keys`), itself wrapped. Destroying that key
 * erases the person from the log, and from its backups made later, without changing a byte of it.
 */
@Injectable()
export class PersonalData {
  constructor(private readonly keyring: Keyring) {}

  /** Splits an event into what stays readable for ever and what is sealed; makes the user's key when it is the first. */
  async seal(tx: Transaction, userId: string, event: NewUserEvent): Promise<SealedEvent> {
    const { version, personal } = USER_EVENTS[event.type];
    const isPersonal = ([field]: [string, unknown]) => (personal as readonly string[]).includes(field);
    const fields = Object.entries(event.data as Record<string, unknown>);
    const open = Object.fromEntries(fields.filter((field) => !isPersonal(field)));
    if (personal.length === 0) return { version, open, personal: null };
    const hidden = Object.fromEntries(fields.filter(isPersonal));
    const key = (await this.userKey(tx, userId)) ?? (await this.makeUserKey(tx, userId));
    return { version, open, personal: seal(key, Buffer.from(JSON.stringify(hidden)), userId) };
  }

  /** A function that gives the whole data of this user's stored events. */
  async opener(tx: Transaction, userId: string): Promise<(stored: StoredData) => Record<string, unknown>> {
    return this.openerWith(userId, await this.userKey(tx, userId));
  }

  /** The same with the key of that user, undefined once it was destroyed. Throws when sealed bytes were changed. */
  openerWith(userId: string, key: Buffer | undefined): (stored: StoredData) => Record<string, unknown> {
    return ({ type, data, personal }) => {
      if (!personal) return data;
      if (!key) return { ...data, ...Object.fromEntries(USER_EVENTS[type].personal.map((field) => [field, null])) };
      return { ...data, ...(JSON.parse(unseal(key, personal, userId).toString()) as object) };
    };
  }

  /** @throws Error when the key that wraps it is missing, or it was changed */
  unwrap(userId: string, row: WrappedUserKey): Buffer {
    const wrapping = this.keyring.find('personal-data', row.key_id);
    if (!wrapping) throw new Error(`The key ${row.key_id} that wraps the key of user ${userId} is missing`);
    return unseal(wrapping.secret, row.wrapped, userId);
  }

  /** Destroys the user's key: nothing that was sealed under it can ever be read again. */
  async destroy(tx: Transaction, userId: string): Promise<void> {
    await tx.query('DELETE FROM user_keys WHERE user_id = $1', [userId]);
  }

  private async userKey(tx: Transaction, userId: string): Promise<Buffer | undefined> {
    const [row] = await tx.query<WrappedUserKey[]>('SELECT key_id, wrapped FROM user_keys WHERE user_id = $1', [
      userId,
    ]);
    return row && this.unwrap(userId, row);
  }

  private async makeUserKey(tx: Transaction, userId: string): Promise<Buffer> {
    const key = randomBytes(32);
    const wrapping = this.keyring.current('personal-data');
    await tx.query('INSERT INTO user_keys (user_id, key_id, wrapped) VALUES ($1, $2, $3)', [
      userId,
      wrapping.id,
      seal(wrapping.secret, key, userId),
    ]);
    return key;
  }
}
