import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEvent } from '../../events/user-event.js';
import { Jobs } from '../../jobs/jobs.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';

/** Of one user; one more replaces the one that was used least recently. */
export const MAX_REMEMBERED = 20;
/** Of different users in one browser. */
export const MAX_TOGETHER = 8;
export const TOGETHER = '~';
const TOKEN = /^([0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/;
const NONCE_BYTES = 32;
const HOURLY = '41 * * * *';

/** A device that is not asked for a second factor. */
export interface RememberedDevice {
  readonly id: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
}

interface TokenRow {
  readonly id: string;
  readonly userId: string;
  readonly keyId: string;
  readonly nonce: Buffer;
}

const COLUMNS = `id, host(ip) AS ip, user_agent AS "userAgent", created_at AS "createdAt", last_used_at AS "lastUsedAt",
  expires_at AS "expiresAt"`;

/**
 * Devices whose users proved a second factor there and are not asked for it again for `REMEMBERED_DEVICE_TTL`. They replace no first
 * factor, and the sessions they help to begin are `aal1`. A token is derived from its row and stored nowhere, so a copy of the
 * database skips no second factor; it is made anew each time, so that none planted before is worth anything.
 */
@Injectable()
export class RememberedDevices implements OnModuleInit {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly keyring: Keyring,
    private readonly transactions: Transactions,
    private readonly jobs: Jobs,
    private readonly events: AuthEvents,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(HOURLY, 'auth.remembered-device-expiry', () => this.forgetOld());
  }

  /**
   * Remembers the device of a sign-in with a second factor, with the user locked.
   * @param presented the tokens that it had; one of this user is replaced
   * @returns the new token, and those of other users
   */
  async remember(
    tx: Transaction,
    userId: string,
    presented: string | undefined,
    context: RequestContext,
  ): Promise<{ readonly token: string; readonly others: readonly string[] }> {
    const own = await this.find(tx, userId, presented);
    if (own) await tx.query('DELETE FROM remembered_devices WHERE id = $1', [own.id]);
    const key = this.keyring.current('remembered-device');
    const row: TokenRow = { id: uuidv7(), userId, keyId: key.id, nonce: randomBytes(NONCE_BYTES) };
    await tx.query(
      `DELETE FROM remembered_devices WHERE id IN (
         SELECT id FROM remembered_devices WHERE user_id = $1 ORDER BY last_used_at DESC, id DESC OFFSET $2)`,
      [userId, MAX_REMEMBERED - 1],
    );
    await tx.query(
      `INSERT INTO remembered_devices (id, user_id, key_id, nonce, ip, user_agent, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 millisecond')`,
      [row.id, userId, row.keyId, row.nonce, context.ip, context.userAgent, this.settings.REMEMBERED_DEVICE_TTL],
    );
    await this.events.record(tx, { type: 'device.remembered', userId, context });
    const mine = own && hexOf(own.id);
    const others = tokensIn(presented).filter((token) => TOKEN.test(token) && token.split('.')[0] !== mine);
    return { token: this.tokenOf(row), others: others.slice(0, MAX_TOGETHER - 1) };
  }

  /** Whether one of the tokens is a valid one of this user; notes its use. */
  async recognises(
    tx: Transaction,
    userId: string,
    presented: string | undefined,
    context: RequestContext,
  ): Promise<boolean> {
    const found = await this.find(tx, userId, presented);
    if (!found) return false;
    await tx.query('UPDATE remembered_devices SET last_used_at = now(), ip = $2, user_agent = $3 WHERE id = $1', [
      found.id,
      context.ip,
      context.userAgent,
    ]);
    return true;
  }

  /** Those of a user, last used first. */
  async list(tx: Transaction, userId: string): Promise<RememberedDevice[]> {
    return tx.query<RememberedDevice[]>(
      `SELECT ${COLUMNS} FROM remembered_devices WHERE user_id = $1 AND expires_at > now()
       ORDER BY last_used_at DESC, id DESC`,
      [userId],
    );
  }

  /** @returns false if the user has no such device */
  async forget(tx: Transaction, userId: string, id: string): Promise<boolean> {
    const [gone] = await tx.query<[unknown[], number]>(
      'DELETE FROM remembered_devices WHERE user_id = $1 AND id = $2 AND expires_at > now() RETURNING id',
      [userId, id],
    );
    return gone.length > 0;
  }

  async forgetAll(tx: Transaction, userId: string): Promise<void> {
    await tx.query('DELETE FROM remembered_devices WHERE user_id = $1', [userId]);
  }

  /** After a change of sign-in methods or a suspension, every device asks for the second factor again. */
  @OnUserEvent(
    'user.password_changed',
    'user.password_reset.completed',
    'user.authenticator_added',
    'user.authenticator_removed',
    'user.email_changed',
    'user.suspended',
    'user.deleted',
  )
  async end({ userId }: UserEvent, tx: Transaction): Promise<void> {
    await this.forgetAll(tx, userId);
  }

  async forgetOld(): Promise<void> {
    await this.transactions.run((tx) => tx.query('DELETE FROM remembered_devices WHERE expires_at < now()'));
  }

  private async find(tx: Transaction, userId: string, presented: string | undefined): Promise<TokenRow | undefined> {
    const macs = new Map<string, string>();
    for (const token of tokensIn(presented)) {
      const [, id, mac] = TOKEN.exec(token) ?? [];
      if (id !== undefined && mac !== undefined) macs.set(id, mac);
    }
    if (macs.size === 0) return undefined;
    const rows = await tx.query<TokenRow[]>(
      // An operator's command changes passwords without calling handlers.
      `SELECT id, device.user_id AS "userId", key_id AS "keyId", nonce
       FROM remembered_devices device LEFT JOIN password_credentials password ON password.user_id = device.user_id
       WHERE device.user_id = $1 AND id = ANY ($2::uuid[]) AND expires_at > now()
         AND (changed_at IS NULL OR created_at > changed_at)`,
      [userId, [...macs.keys()]],
    );
    return rows.find((row) => {
      const expected = this.macOf(row);
      return expected && timingSafeEqual(expected, Buffer.from(macs.get(hexOf(row.id)) ?? '', 'base64url'));
    });
  }

  private tokenOf(row: TokenRow): string {
    return `${hexOf(row.id)}.${this.macOf(row)?.toString('base64url')}`;
  }

  private macOf({ id, userId, keyId, nonce }: TokenRow): Buffer | undefined {
    const key = this.keyring.find('remembered-device', keyId);
    return key && hmacWith(key.secret).update(`${id}:${userId}:`).update(nonce).digest();
  }
}

function hexOf(id: string): string {
  return id.replaceAll('-', '');
}

function tokensIn(presented: string | undefined): string[] {
  return (presented ?? '').split(TOGETHER, MAX_TOGETHER);
}
