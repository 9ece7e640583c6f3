import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';

const TOKEN = /^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})$/;

/** The part of a session's row from which refresh tokens are derived. */
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
 * Refresh tokens: `<session>.<generation>.<HMAC-SHA-256>`. They are derived from the row and not stored, so a copy of the database
 * yields no tokens, and the same token can be issued again.
 */
@Injectable()
export class RefreshTokens {
  constructor(private readonly keyring: Keyring) {}

  /** The id of the key for the tokens of a new session. */
  get keyId(): string {
    return this.keyring.current('refresh-token').id;
  }

  derive(source: TokenSource, generation: number): string {
    return `${source.id}.${generation}.${this.macOf(source, generation).toString('base64url')}`;
  }

  /** @returns undefined for a malformed refresh token */
  parse(token: string): PresentedToken | undefined {
    const [, sessionId, generation, mac] = TOKEN.exec(token) ?? [];
    if (sessionId === undefined || generation === undefined || mac === undefined) return undefined;
    return { sessionId, generation: Number(generation), mac };
  }

  /** Whether the token is genuine for this session; not whether it is still valid. */
  proves({ generation, mac }: PresentedToken, source: TokenSource): boolean {
    return timingSafeEqual(this.macOf(source, generation), Buffer.from(mac, 'base64url'));
  }

  /** The HMAC that proves a session, by a refresh token of this generation or by the cookie of a browser. */
  macOf({ id, key_id, nonce }: TokenSource, proof: number | 'cookie'): Buffer {
    const found = this.keyring.find('refresh-token', key_id);
    if (!found) throw new Error(`The session ${id} names the key ${key_id}, which is not in the keyring`);
    return hmacWith(found.secret).update(`${id}.${proof}.`).update(nonce).digest();
  }
}
