import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Keyring } from '../../database/keyring.js';

const TOKEN = /^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})$/;

/** What of a session's row its refresh tokens are made from. */
export interface TokenSource {
  readonly id: string;
  readonly key_id: string;
  readonly nonce: Buffer;
}

export interface PresentedToken {
  readonly sessionId: string;
  readonly generation: number;
  readonly mac: string;
}

/**
 * Refresh tokens: `<session>.<generation>.<HMAC-SHA-256>`. They are derived from the row and stored nowhere, so a copy of the
 * database refreshes nothing, and whoever is owed the same token again can be given it.
 */
@Injectable()
export class RefreshTokens {
  private readonly keys = new Map<string, KeyObject>();

  constructor(private readonly keyring: Keyring) {}

  /** The id of the key to make the tokens of a new session with. */
  get keyId(): string {
    return this.keyring.current('refresh-token').id;
  }

  derive(source: TokenSource, generation: number): string {
    return `${source.id}.${generation}.${this.mac(source, generation).toString('base64url')}`;
  }

  /** @returns undefined for what cannot be a refresh token */
  parse(token: string): PresentedToken | undefined {
    const [, sessionId, generation, mac] = TOKEN.exec(token) ?? [];
    if (sessionId === undefined || generation === undefined || mac === undefined) return undefined;
    return { sessionId, generation: Number(generation), mac };
  }

  /** Whether this server made the token for this session; says nothing of whether it still counts. */
  proves({ generation, mac }: PresentedToken, source: TokenSource): boolean {
    return timingSafeEqual(this.mac(source, generation), Buffer.from(mac, 'base64url'));
  }

  private mac({ id, key_id, nonce }: TokenSource, generation: number): Buffer {
    const found = this.keyring.find('refresh-token', key_id);
    if (!found) throw new Error(`The session ${id} names the key ${key_id}, which is not in the keyring`);
    // Made ready once: from its bytes, that takes four times as long as the HMAC itself.
    let key = this.keys.get(key_id);
    if (!key) this.keys.set(key_id, (key = createSecretKey(found.secret)));
    return createHmac('sha256', key).update(`${id}.${generation}.`).update(nonce).digest();
  }
}
