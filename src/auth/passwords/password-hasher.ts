import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { type Key, Keyring } from '../../database/keyring.js';
import { HashPool } from './hash-pool/hash-pool.js';
import type { HashWork } from './hash-pool/hash-request.js';

const SCHEME = 'bcrypt-hmac-sha384';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BCRYPT_BASE64 = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Length of algorithm, cost and salt at the beginning of a bcrypt string. */
const SALT_LENGTH = 29;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** In this process, on a thread: for one-off hashes that no client can trigger, such as the first admin's. */
export type HashPlace = HashWork | 'in-process';

/**
 * Hashes passwords as `bcrypt-hmac-sha384:<pepper key id>:<bcrypt string>`: bcrypt over base64(HMAC-SHA-384(pepper,
 * NFKC password)). The HMAC ends bcrypt's cut at 72 bytes and its stop at NUL, and a stolen table without the pepper cannot
 * be guessed at (OWASP Password Storage Cheat Sheet, "peppering"). It is made here, so that no password leaves this process;
 * bcrypt runs in the pool.
 */
@Injectable()
export class PasswordHasher {
  /** The hash of no password, so that an unknown user costs as much time as a known one. */
  private readonly nobody: string;

  constructor(
    private readonly keyring: Keyring,
    private readonly cost: number,
    private readonly pool: HashPool,
  ) {
    this.nobody = bcrypt.genSaltSync(cost) + '.'.repeat(31);
  }

  /**
   * @param sharedBy derives the same salt for all hashes that share it, for `verifyAny`; default: a random salt
   * @throws HashingOverloaded
   */
  async hash(password: string, place?: HashPlace, sharedBy?: string): Promise<string> {
    const pepper = this.keyring.current('password-pepper');
    const input = prehash(password, pepper);
    const hashed = await (place === 'in-process'
      ? bcrypt.hash(input, this.cost)
      : this.pool.hash(input, this.cost, place, sharedBy === undefined ? undefined : this.saltOf(sharedBy)));
    return `${SCHEME}:${pepper.id}:${hashed}`;
  }

  /**
   * Whether the password matches any of these hashes, which share a salt, in the time of one hash. Hashes with a salt other than
   * the first one's, made with an older pepper or cost, are ignored.
   * @throws HashingOverloaded
   */
  async verifyAny(password: string, stored: readonly string[], work?: HashWork): Promise<boolean> {
    const [first] = stored;
    if (first === undefined) return this.verify(password, undefined, work);
    const { pepper, hashed, cost } = this.read(first);
    const salt = hashed.slice(0, SALT_LENGTH);
    const made = await this.pool.hash(prehash(password, pepper), Math.max(cost, this.cost), work, salt);
    const wanted = Buffer.from(`${SCHEME}:${pepper.id}:${made}`);
    const same = stored.map((one) => one.length === wanted.length && timingSafeEqual(Buffer.from(one), wanted));
    return same.includes(true);
  }

  /**
   * Takes the time of exactly one hash, with or without a stored one, even one of a lower cost. (A stored hash of a higher cost
   * takes longer until `needsUpgrade` has lowered it.)
   * @throws HashingOverloaded
   */
  async verify(password: string, stored: string | undefined, work?: HashWork): Promise<boolean> {
    const { pepper, hashed } = stored === undefined ? this.noOne() : this.read(stored);
    const same = await this.pool.compare(prehash(password, pepper), hashed, this.cost, work);
    return stored !== undefined && same;
  }

  /** @throws HashingOverloaded if a hash for this would be refused now */
  check(work: HashWork): void {
    this.pool.check(this.cost, work);
  }

  /** Whether a new hash would have a different cost or pepper. */
  needsUpgrade(stored: string): boolean {
    const { pepper, cost } = this.read(stored);
    return cost !== this.cost || pepper.id !== this.keyring.current('password-pepper').id;
  }

  /** A salt that is unpredictable without the keys, even with access to the database. */
  private saltOf(sharedBy: string): string {
    const mac = createHmac('sha256', this.keyring.current('address').secret).update(`salt:${sharedBy}`).digest();
    const encoded = mac.subarray(0, 16).toString('base64').slice(0, 22);
    const salt = encoded.replace(/./g, (letter) => BCRYPT_BASE64.charAt(BASE64.indexOf(letter)));
    return `$2b$${this.cost.toString().padStart(2, '0')}$${salt}`;
  }

  private noOne(): { pepper: Key; hashed: string } {
    return { pepper: this.keyring.current('password-pepper'), hashed: this.nobody };
  }

  private read(stored: string): { pepper: Key; hashed: string; cost: number } {
    const [scheme = '', keyId = '', hashed = ''] = stored.split(':');
    const pepper = scheme === SCHEME ? this.keyring.find('password-pepper', keyId) : undefined;
    if (!pepper) throw new Error(`A stored password has an unknown scheme or pepper: ${scheme}`);
    const cost = BCRYPT.exec(hashed)?.[1];
    if (cost === undefined) throw new Error(`A stored password is not as ${SCHEME} writes it`);
    return { pepper, hashed, cost: Number(cost) };
  }
}

function prehash(password: string, pepper: Key): string {
  return createHmac('sha384', pepper.secret).update(password.normalize('NFKC')).digest('base64');
}
