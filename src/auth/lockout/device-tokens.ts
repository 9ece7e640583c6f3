import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../config/clock.js';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';

const LIFE_SECONDS = 180 * 86_400;
/** Maximum number of users per browser. */
export const MOST_TOKENS = 8;
export const TOKEN_SEPARATOR = '~';
const SHAPE = /^([0-9a-f]{32})\.([0-9a-z]{1,9})\.([0-9a-f]{16})\.([A-Za-z0-9_-]{43})$/;

/**
 * Identifies a device on which this user has signed in (OWASP "device cookie"). It authenticates nobody: its only effect is that
 * wrong passwords from there are counted separately, so that a lockout caused by others does not affect the owner. Nothing is
 * stored; the user only enters its signature.
 */
@Injectable()
export class DeviceTokens {
  constructor(
    private readonly keyring: Keyring,
    private readonly clock: Clock,
  ) {}

  /** A token for the next 180 days. @param deviceId of an already known device */
  issue(userId: string, deviceId = uuidv7().replaceAll('-', '')): string {
    const { id, secret } = this.keyring.current('device-token');
    const expires = (this.seconds() + LIFE_SECONDS).toString(36);
    return `${deviceId}.${expires}.${id}.${sign(secret, deviceId, expires, userId).toString('base64url')}`;
  }

  /**
   * @param tokens one, or those of several users separated by `~`, as in the cookie of a browser
   * @returns the id of the device; undefined if none of them is this user's, or it has expired
   */
  read(tokens: string | undefined, userId: string): string | undefined {
    const found = listed(tokens).map((token) => this.readOne(token, userId));
    return found.find((deviceId) => deviceId !== undefined);
  }

  /** Tokens that may belong to other users. */
  withoutThoseOf(userId: string, tokens: string | undefined): string[] {
    return listed(tokens).filter((token) => {
      const { expires } = parts(token);
      return Number.parseInt(expires, 36) > this.seconds() && this.readOne(token, userId) === undefined;
    });
  }

  private readOne(token: string, userId: string): string | undefined {
    const { deviceId, expires, keyId, mac } = parts(token);
    const key = this.keyring.find('device-token', keyId);
    if (!key || Number.parseInt(expires, 36) <= this.seconds()) return undefined;
    const expected = sign(key.secret, deviceId, expires, userId);
    return timingSafeEqual(expected, Buffer.from(mac, 'base64url')) ? deviceId : undefined;
  }

  private seconds(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }
}

function sign(secret: Buffer, deviceId: string, expires: string, userId: string): Buffer {
  return hmacWith(secret).update(`${deviceId}:${expires}:${userId}`).digest();
}

function listed(tokens: string | undefined): string[] {
  return (tokens ?? '').split(TOKEN_SEPARATOR, MOST_TOKENS);
}

/** All empty for a malformed token. */
function parts(token: string): Record<'deviceId' | 'expires' | 'keyId' | 'mac', string> {
  const [, deviceId = '', expires = '', keyId = '', mac = ''] = SHAPE.exec(token) ?? [];
  return { deviceId, expires, keyId, mac };
}
