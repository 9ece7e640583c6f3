import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { argon2idSalt, hashArgon2id, isArgon2id, isCurrentArgon2id, saltOfArgon2id } from './argon2id.js';
import { type Key, Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import { isForeign, openForeign } from './foreign/sealed-foreign.js';
import { HashPool } from './hash-pool/hash-pool.js';
import { type HashCost, type HashWork, PASSWORD_ALGORITHMS, type PasswordAlgorithm } from './hash-pool/hash-request.js';

const SCHEMES: Readonly<Record<PasswordAlgorithm, string>> = {
  bcrypt: 'bcrypt-hmac-sha384',
  argon2id: 'argon2id-hmac-sha384',
};
/** About the time of Argon2id, before it was measured. */
const COST_OF_ARGON2ID = 9;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BCRYPT_BASE64 = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Length of algorithm, cost and salt at the beginning of a bcrypt string. */
const SALT_LENGTH = 29;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** In this process, on a thread: for one-off hashes that no client can trigger, such as the first admin's. */
export type HashPlace = HashWork | 'in-process';

/**
 * Hashes passwords as `bcrypt-hmac-sha384:<pepper key id>:<bcrypt string>`, or `argon2id-hmac-sha384:<pepper key id>:<PHC string>`: over
 * base64(HMAC-SHA-384(pepper, NFKC password)). The HMAC ends bcrypt's cut at 72 bytes and its stop at NUL, and a stolen table without the
 * pepper cannot be guessed at (OWASP Password Storage Cheat Sheet, "peppering"). It is made here, so that no password leaves this
 * process; the hash is computed in the pool. Hashes of the other algorithm (docs/adr/0059-argon2id.md) and imported ones
 * (docs/adr/0054-import-and-export.md), for which the pool is told the password, are verified until the first right sign-in replaces them.
 */
@Injectable()
export class PasswordHasher {
  /** The hash of no password, so that an unknown user costs as much time as a known one. */
  private readonly nobody: string;

  constructor(
    private readonly keyring: Keyring,
    private readonly cost: number,
    private readonly pool: HashPool,
    /** The rounds of the costliest hash of others, or of the other algorithm, that is left; see `HashFloor`. */
    private readonly floor: () => Promise<number> = () => Promise.resolve(0),
    private readonly algorithm: PasswordAlgorithm = 'bcrypt',
  ) {
    this.nobody =
      algorithm === 'argon2id' ? argon2idSalt() + 'A'.repeat(43) : bcrypt.genSaltSync(cost) + '.'.repeat(31);
  }

  /**
   * @param sharedBy derives the same salt for all hashes that share it, for `verifyAny`; default: a random salt
   * @throws HashingOverloaded
   */
  async hash(password: string, place?: HashPlace, sharedBy?: string): Promise<string> {
    const pepper = this.keyring.current('password-pepper');
    const input = prehash(password, pepper);
    const salt = sharedBy === undefined ? undefined : this.saltOf(sharedBy);
    const hashed = await (place === 'in-process'
      ? this.hashHere(input)
      : this.pool.hash(input, this.work(), place, salt));
    return `${SCHEMES[this.algorithm]}:${pepper.id}:${hashed}`;
  }

  /**
   * Whether the password matches any of these hashes, which share a salt, in the time of one hash. Hashes with a salt other than
   * the first one's, made with an older pepper or cost, are ignored.
   * @throws HashingOverloaded
   */
  async verifyAny(password: string, given: readonly string[], work?: HashWork): Promise<boolean> {
    const stored = given.filter((one) => !isForeign(one));
    const [first] = stored;
    if (first === undefined) return this.verify(password, undefined, work);
    const { algorithm, pepper, hashed, cost } = this.read(first);
    const salt = algorithm === 'bcrypt' ? hashed.slice(0, SALT_LENGTH) : (saltOfArgon2id(hashed) ?? argon2idSalt());
    const least = await this.leastWork();
    const effort = { ...least, cost: Math.max(cost, least.cost) };
    const made = await this.pool.hash(prehash(password, pepper), effort, work, salt);
    const wanted = Buffer.from(`${SCHEMES[algorithm]}:${pepper.id}:${made}`);
    const same = stored.map((one) => one.length === wanted.length && timingSafeEqual(Buffer.from(one), wanted));
    return same.includes(true);
  }

  /**
   * Takes the time of exactly one hash, with or without a stored one, even one of a lower cost or an imported one. While there are
   * imported hashes that take longer than ours, that is the time of the costliest of them. (A stored hash of ours of a higher cost
   * takes longer until `needsUpgrade` has lowered it.)
   * @throws HashingOverloaded
   */
  async verify(password: string, stored: string | undefined, work?: HashWork): Promise<boolean> {
    const least = await this.leastWork();
    if (stored !== undefined && isForeign(stored)) {
      const foreign = openForeign(this.keyring, stored);
      return this.pool.compareForeign({ password, foreign, ...least }, work);
    }
    const { pepper, hashed } = stored === undefined ? this.noOne() : this.read(stored);
    const same = await this.pool.compare(prehash(password, pepper), hashed, least, work);
    return stored !== undefined && same;
  }

  /** @throws HashingOverloaded if a hash for this would be refused now */
  check(work: HashWork): void {
    this.pool.check(this.work().cost, work);
  }

  /** Whether a new hash would have a different algorithm, cost or pepper, or not be an imported one. */
  needsUpgrade(stored: string): boolean {
    if (isForeign(stored)) return true;
    const { algorithm, pepper, cost, hashed } = this.read(stored);
    if (algorithm !== this.algorithm || pepper.id !== this.keyring.current('password-pepper').id) return true;
    return algorithm === 'argon2id' ? !isCurrentArgon2id(hashed) : cost !== this.cost;
  }

  /** A salt that is unpredictable without the keys, even with access to the database. */
  private saltOf(sharedBy: string): string {
    const mac = hmacWith(this.keyring.current('address').secret).update(`salt:${sharedBy}`).digest();
    if (this.algorithm === 'argon2id') return argon2idSalt(mac);
    const encoded = mac.subarray(0, 16).toString('base64').slice(0, 22);
    const salt = encoded.replace(/./g, (letter) => BCRYPT_BASE64.charAt(BASE64.indexOf(letter)));
    return `$2b$${this.cost.toString().padStart(2, '0')}$${salt}`;
  }

  private work(): HashCost {
    return this.algorithm === 'argon2id' ? { cost: COST_OF_ARGON2ID, algorithm: 'argon2id' } : { cost: this.cost };
  }

  private async leastWork(): Promise<HashCost> {
    const floor = await this.floor();
    return { ...this.work(), ...(floor > 0 && { floor }) };
  }

  private async hashHere(prehash: string): Promise<string> {
    return this.algorithm === 'argon2id' ? hashArgon2id(prehash, argon2idSalt()) : bcrypt.hash(prehash, this.cost);
  }

  private noOne(): { pepper: Key; hashed: string } {
    return { pepper: this.keyring.current('password-pepper'), hashed: this.nobody };
  }

  private read(stored: string): { algorithm: PasswordAlgorithm; pepper: Key; hashed: string; cost: number } {
    const [scheme = '', keyId = '', hashed = ''] = stored.split(':');
    const algorithm = PASSWORD_ALGORITHMS.find((one) => SCHEMES[one] === scheme);
    const pepper = algorithm && this.keyring.find('password-pepper', keyId);
    if (!pepper) throw new Error(`A stored password has an unknown scheme or pepper: ${scheme}`);
    const cost = algorithm === 'bcrypt' ? BCRYPT.exec(hashed)?.[1] : String(COST_OF_ARGON2ID);
    if (cost === undefined || (algorithm === 'argon2id' && !isArgon2id(hashed))) {
      throw new Error(`A stored password is not as ${scheme} writes it`);
    }
    return { algorithm, pepper, hashed, cost: Number(cost) };
  }
}

function prehash(password: string, pepper: Key): string {
  return hmacWith(pepper.secret, 'sha384').update(password.normalize('NFKC')).digest('base64');
}
