import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../config/clock.js';
import { Keyring } from '../../database/keyring.js';

const LIFE_SECONDS = 180 * 86_400;
/** How many people one browser is remembered for. */
export const MOST_TOKENS = 8;
export const TOKEN_SEPARATOR = '~';
const SHAPE = /^([0-9a-f]{32})\.([0-9a-z]{1,9})\.([0-9a-f]{16})\.([A-Za-z0-9_-]{43})$/;

/**
 * Tells a device that this user has signed in on (OWASP "device cookie"). It proves nobody to be anybody: its one effect is that
 * wrong passwords from there are counted by themselves, so that a lock which others have caused does not shut the owner out.
 * Nothing is stored; the name of the user is in its signature only.
 */
@Injectable()
export class DeviceTokens {
  constructor(
    private readonly keyring: Keyring,
    private readonly clock: Clock,
  ) {}

  /** A token for the next 180 days. @param deviceId of a device that is known already */
  issue(userId: string, deviceId = uuidv7().replaceAll('-', '')): string {
    const { id, secret } = this.keyring.current('device-token');
    const expires = (this.seconds() + LIFE_SECONDS).toString(36);
    return `${deviceId}.${expires}.${id}.${sign(secret, deviceId, expires, userId).toString('base64url')}`;
  }

  /**
   * @param tokens one, or those of several people with `~` between them, as the cookie of a browser has them
   * @returns the id of the device; undefined when none of them is this user's, or it has expired
   */
  read(tokens: string | undefined, userId: string): string | undefined {
    const found = listed(tokens).map((token) => this.readOne(token, userId));
    return found.find((deviceId) => deviceId !== undefined);
  }

  /** Those that may still be somebody else's. */
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
  return createHmac('sha256', secret).update(`${deviceId}:${expires}:${userId}`).digest();
}

function listed(tokens: string | undefined): string[] {
  return (tokens ?? '').split(TOKEN_SEPARATOR, MOST_TOKENS);
}

/** All empty for what is no token. */
function parts(token: string): Record<'deviceId' | 'expires' | 'keyId' | 'mac', string> {
  const [, deviceId = '', expires = '', keyId = '', mac = ''] = SHAPE.exec(token) ?? [];
  return { deviceId, expires, keyId, mac };
}
