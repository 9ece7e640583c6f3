import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { Keyring } from '../../database/keyring.js';

const SCHEME = 'bcrypt-hmac-sha384';

/**
 * Hashes passwords as `bcrypt-hmac-sha384:<pepper key id>:<bcrypt string>`: bcrypt over base64(HMAC-SHA-384(pepper,
 * NFKC password)). The HMAC ends bcrypt's cut at 72 bytes and its stop at NUL, and a stolen table without the pepper cannot
 * be guessed at (OWASP Password Storage Cheat Sheet, "peppering"). Hashing runs on libuv's threads, off the event loop.
 */
@Injectable()
export class PasswordHasher {
  /** A hash that no password has, so that an unknown user costs what a known one does. */
  private readonly nobody: Promise<string>;

  constructor(
    private readonly keyring: Keyring,
    private readonly cost: number,
  ) {
    this.nobody = bcrypt.hash(' ', cost);
  }

  async hash(password: string): Promise<string> {
    const pepper = this.keyring.current('password-pepper');
    const hashed = await bcrypt.hash(prehash(password, pepper.secret), this.cost);
    return `${SCHEME}:${pepper.id}:${hashed}`;
  }

  /** Takes the time of exactly one hash, whether or not there is something to compare with. */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    const [scheme, keyId = '', hashed = ''] = stored?.split(':') ?? [];
    const pepper = scheme === SCHEME ? this.keyring.find('password-pepper', keyId) : undefined;
    if (stored !== undefined && !pepper)
      throw new Error(`A stored password has an unknown scheme or pepper: ${scheme}`);
    const secret = (pepper ?? this.keyring.current('password-pepper')).secret;
    const same = await bcrypt.compare(prehash(password, secret), pepper ? hashed : await this.nobody);
    return pepper !== undefined && same;
  }
}

function prehash(password: string, pepper: Buffer): string {
  return createHmac('sha384', pepper).update(password.normalize('NFKC')).digest('base64');
}
