import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { lock, type Transaction } from '../../database/transaction.js';
import { PersonalData } from '../../events/personal-data.js';

/** What a provider said of a person when it was last asked. Nothing here is proof of anything. */
export interface IdentityProfile {
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly name: string | null;
  readonly username: string | null;
  /** The page of the person at the provider. */
  readonly url: string | null;
  /** Google alone: the organisation that the account belongs to. */
  readonly hostedDomain: string | null;
}

/** Who a person is at a provider: (issuer, subject), which no other person ever has there. */
export interface IdentityKey {
  readonly issuer: string;
  readonly subject: string;
}

/** An identity that is linked to a user, and signs that user in. */
export interface Identity extends IdentityKey {
  readonly id: string;
  readonly userId: string;
  /** The id of the provider in the settings. */
  readonly provider: string;
  readonly profile: IdentityProfile;
  readonly linkedAt: Date;
  readonly lastUsedAt: Date | null;
}

interface Row extends IdentityKey {
  readonly id: string;
  readonly user_id: string;
  readonly provider: string;
  readonly profile: Buffer;
  readonly linked_at: Date;
  readonly last_used_at: Date | null;
}

/** The identities of users. What the provider said is sealed under the key of the user. */
@Injectable()
export class Identities {
  constructor(private readonly personalData: PersonalData) {}

  /** Serialises everybody who links or looks up this identity; before any row is locked. */
  async lock(tx: Transaction, { issuer, subject }: IdentityKey): Promise<void> {
    await lock(tx, `identity:${issuer} ${subject}`);
  }

  async byKey(tx: Transaction, { issuer, subject }: IdentityKey): Promise<Identity | undefined> {
    const rows = await tx.query<Row[]>('SELECT * FROM identities WHERE issuer = $1 AND subject = $2', [
      issuer,
      subject,
    ]);
    const [row] = rows;
    return row && (await this.opened(tx, row.user_id, rows))[0];
  }

  /** All of a user, oldest first. */
  async ofUser(tx: Transaction, userId: string): Promise<Identity[]> {
    const rows = await tx.query<Row[]>('SELECT * FROM identities WHERE user_id = $1 ORDER BY linked_at, id', [userId]);
    return this.opened(tx, userId, rows);
  }

  /** Since when the user has one at this provider; undefined without one. */
  async heldSince(tx: Transaction, userId: string, provider: string): Promise<Date | undefined> {
    const [row] = await tx.query<[{ since: Date | null }]>(
      'SELECT min(linked_at) AS since FROM identities WHERE user_id = $1 AND provider = $2',
      [userId, provider],
    );
    return row.since ?? undefined;
  }

  /** The provider of the oldest one, so that with which an unconfirmed registration was made; null without one. */
  async firstProviderOf(tx: Transaction, userId: string): Promise<string | null> {
    const query = 'SELECT provider FROM identities WHERE user_id = $1 ORDER BY linked_at, id LIMIT 1';
    const [row] = await tx.query<{ provider: string }[]>(query, [userId]);
    return row?.provider ?? null;
  }

  /** Whether it is linked to this user now. */
  async isHeld(tx: Transaction, userId: string, id: string): Promise<boolean> {
    const rows = await tx.query<unknown[]>('SELECT FROM identities WHERE id = $1 AND user_id = $2', [id, userId]);
    return rows.length > 0;
  }

  /** Call it with the lock on the identity, which nobody has yet. @returns its id */
  async add(
    tx: Transaction,
    userId: string,
    { provider, issuer, subject, profile }: Pick<Identity, 'provider' | 'issuer' | 'subject' | 'profile'>,
  ): Promise<string> {
    const id = uuidv7();
    await tx.query(
      `INSERT INTO identities (id, user_id, provider, issuer, subject, profile, last_used_at)
       VALUES ($1, $2, $3, $4, $5, $6, now())`,
      [id, userId, provider, issuer, subject, await this.sealed(tx, userId, id, profile)],
    );
    return id;
  }

  /** Records a use, and what the provider says now. */
  async use(tx: Transaction, { id, userId }: Pick<Identity, 'id' | 'userId'>, profile: IdentityProfile): Promise<void> {
    await tx.query('UPDATE identities SET profile = $2, last_used_at = now() WHERE id = $1', [
      id,
      await this.sealed(tx, userId, id, profile),
    ]);
  }

  /** @returns those that were removed */
  async remove(
    tx: Transaction,
    userId: string,
    which: { readonly id: string } | { readonly provider: string } | 'all',
  ): Promise<Identity[]> {
    const held = await this.ofUser(tx, userId);
    const removed = held.filter(
      (one) => which === 'all' || ('id' in which ? one.id === which.id : one.provider === which.provider),
    );
    await tx.query('DELETE FROM identities WHERE id = ANY ($1)', [removed.map(({ id }) => id)]);
    return removed;
  }

  private async sealed(tx: Transaction, userId: string, id: string, profile: IdentityProfile): Promise<Buffer> {
    const sealer = await this.personalData.sealer(tx, userId);
    // Every user has a key from the first event on, until erased.
    if (!sealer) throw new Error(`User ${userId} has no key`);
    return sealer.seal(Buffer.from(JSON.stringify(profile)), identitySealLabel(id));
  }

  private async opened(tx: Transaction, userId: string, rows: readonly Row[]): Promise<Identity[]> {
    if (rows.length === 0) return [];
    const sealer = await this.personalData.sealer(tx, userId);
    return rows.map((row) => ({
      id: row.id,
      userId: row.user_id,
      provider: row.provider,
      issuer: row.issuer,
      subject: row.subject,
      profile: sealer
        ? (JSON.parse(sealer.open(row.profile, identitySealLabel(row.id)).toString()) as IdentityProfile)
        : NO_PROFILE,
      linkedAt: row.linked_at,
      lastUsedAt: row.last_used_at,
    }));
  }
}

const NO_PROFILE: IdentityProfile = {
  email: null,
  emailVerified: false,
  name: null,
  username: null,
  url: null,
  hostedDomain: null,
};

/** The label under which the profile of an identity is sealed. */
export const identitySealLabel = (id: string): string => `identity:${id}`;

/** What people know an identity by. */
export function identityLabel({ email, username, name }: IdentityProfile): string | null {
  return email ?? username ?? name;
}
