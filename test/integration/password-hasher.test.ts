import { createHmac } from 'node:crypto';
import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import bcrypt from 'bcrypt';
import { parseForeignHash } from '../../src/auth/passwords/foreign/parse-foreign.js';
import { verifyForeign } from '../../src/auth/passwords/foreign/verify-foreign.js';
import { computeHash } from '../../src/auth/passwords/hash-pool/compute-hash.js';
import { HashPool } from '../../src/auth/passwords/hash-pool/hash-pool.js';
import { PasswordHasher } from '../../src/auth/passwords/password-hasher.js';
import type { Key, Keyring, KeyPurpose } from '../../src/database/keyring.js';

const COST = 4;
const pepper = (id: string, fill: string): Key => ({
  ...{ id, purpose: 'password-pepper', createdAt: new Date(0) },
  secret: Buffer.alloc(32, fill),
});

/** A ring of peppers, the last of which is current. */
function ring(...keys: Key[]): Keyring {
  const fake: Pick<Keyring, 'current' | 'find'> = {
    current: () => keys.at(-1) as Key,
    find: (purpose: KeyPurpose, id: string) => keys.find((key) => key.id === id && key.purpose === purpose),
  };
  return fake as Keyring;
}

const ONE = pepper('one', '1');
const TWO = pepper('two', '2');
const pool = new HashPool();
const hasher = new PasswordHasher(ring(ONE), COST, pool);

afterAll(() => pool.onApplicationShutdown());

afterEach(() => void jest.restoreAllMocks());

describe('a hashed password (OWASP Password Storage Cheat Sheet)', () => {
  it('says its scheme, its pepper and the cost, is salted, and does not hold the password', async () => {
    const first = await hasher.hash('nine brown foxes at dawn');
    const second = await hasher.hash('nine brown foxes at dawn');
    expect(first).toMatch(/^bcrypt-hmac-sha384:one:\$2b\$04\$[./A-Za-z0-9]{53}$/);
    expect(second).not.toBe(first);
    expect(await hasher.verify('nine brown foxes at dawn', first)).toBe(true);
    expect(await hasher.verify('nine brown foxes at dusk', first)).toBe(false);
  });

  it.each([
    ['the 73rd byte', 'x'.repeat(72) + 'a', 'x'.repeat(72) + 'b'],
    ['the 128th character', 'x'.repeat(127) + 'a', 'x'.repeat(127) + 'b'],
    ['bytes beyond 72 of wide characters', '😀'.repeat(30) + 'a', '😀'.repeat(30) + 'b'],
    ['what follows a NUL', 'abc\0def', 'abc\0xyz'],
    ['what follows a leading NUL', '\0one', '\0two'],
    ['a trailing NUL', 'abc', 'abc\0'],
    ['case', 'nine brown foxes', 'Nine brown foxes'],
    ['outer blanks', 'nine brown foxes', 'nine brown foxes '],
    ['nothing at all', '', ' '],
  ])('depends on %s (no silent truncation, ASVS 5.0 V6.2.8)', async (_, right, wrong) => {
    const stored = await hasher.hash(right);
    expect(await hasher.verify(right, stored)).toBe(true);
    expect(await hasher.verify(wrong, stored)).toBe(false);
    expect(await new PasswordHasher(ring(ONE), COST, pool).verify(right, stored)).toBe(true);
  });

  it.each([
    ['zoe\u0308 walks home', 'zoë walks home'],
    ['ﬁne weather', 'fine weather'],
    ['ｗｉｄｅ', 'wide'],
    ['\u1112\u1161\u11ab', '한'],
  ])('is the same for two ways of typing one text (NFKC): %s', async (left, right) => {
    expect(await hasher.verify(right, await hasher.hash(left))).toBe(true);
  });

  it('cannot be verified, or guessed at, without its pepper', async () => {
    const stored = await hasher.hash('nine brown foxes');
    const samePlaceOtherPepper = new PasswordHasher(ring(pepper('one', 'x')), COST, pool);
    expect(await samePlaceOtherPepper.verify('nine brown foxes', stored)).toBe(false);
    const bare = stored.split(':')[2] ?? '';
    expect(await bcrypt.compare('nine brown foxes', bare)).toBe(false);
  });

  it('is verified with the pepper that made it after a newer one has come', async () => {
    const stored = await hasher.hash('nine brown foxes');
    const rotated = new PasswordHasher(ring(ONE, TWO), COST, pool);
    expect(await rotated.verify('nine brown foxes', stored)).toBe(true);
    expect(await rotated.hash('nine brown foxes')).toMatch(/^bcrypt-hmac-sha384:two:/);
  });

  it.each([
    ['an unknown pepper', 'bcrypt-hmac-sha384:gone:$2b$04$x'],
    ['an unknown scheme', 'md5:one:5f4dcc3b5aa765d61d8327deb882cf99'],
    ['bare bcrypt', '$2b$04$abcdefghijklmnopqrstuv'],
    ['nothing', ''],
  ])('of %s is a fault of ours and never a match', async (_, stored) => {
    await expect(hasher.verify('nine brown foxes', stored)).rejects.toThrow('unknown scheme or pepper');
  });

  it('takes no pepper for a key of another purpose', async () => {
    const other: Key = { ...ONE, purpose: 'one-time-token' };
    const stored = await hasher.hash('nine brown foxes');
    await expect(new PasswordHasher(ring(other), COST, pool).verify('nine brown foxes', stored)).rejects.toThrow();
  });
});

describe('an unknown user (ASVS 5.0 V6.3.8)', () => {
  it('costs exactly one bcrypt comparison of the same cost, as a known one does', async () => {
    const stored = await hasher.hash('nine brown foxes');
    const compare = jest.spyOn(pool, 'compare');
    expect(await hasher.verify('nine brown foxes', undefined)).toBe(false);
    expect(await hasher.verify('nine brown foxes', stored)).toBe(true);
    expect(compare).toHaveBeenCalledTimes(2);
    const [unknown, known] = compare.mock.calls;
    expect(unknown?.[1]).toMatch(/^\$2b\$04\$[./A-Za-z0-9]{53}$/);
    expect(unknown?.[0]).toBe(known?.[0]);
    expect([unknown?.[2], known?.[2]]).toEqual([{ cost: COST }, { cost: COST }]);
    expect(unknown?.[0]).toHaveLength(64);
  });

  it.each(['', ' ', 'undefined', 'nine brown foxes'])('has no password, not even %j', async (password) => {
    expect(await hasher.verify(password, undefined)).toBe(false);
  });

  it('is never right, even when the comparison says so', async () => {
    jest.spyOn(pool, 'compare').mockResolvedValue(true);
    expect(await hasher.verify('nine brown foxes', undefined)).toBe(false);
  });
});

describe('Argon2id', () => {
  const argon2id = new PasswordHasher(ring(ONE), COST, pool, undefined, 'argon2id');

  it('is made with the least parameters of OWASP, is salted, and others compute the same', async () => {
    const first = await argon2id.hash('nine brown foxes');
    const [, phc = ''] =
      /^argon2id-hmac-sha384:one:(\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43})$/.exec(first) ?? [];
    expect(await argon2id.hash('nine brown foxes')).not.toBe(first);
    expect(await argon2id.hash('nine brown foxes', 'in-process')).toMatch(/^argon2id-hmac-sha384:one:\$argon2id\$/);
    const prehash = createHmac('sha384', ONE.secret).update('nine brown foxes').digest('base64');
    expect(verifyForeign(prehash, parseForeignHash(phc))).toBe(true);
  });

  const withAnotherEnd = (text: string) => `${text.slice(0, -2)}${text.endsWith('AA') ? 'EA' : 'AA'}`;

  it('verifies the right password only, and nobody', async () => {
    const stored = await argon2id.hash('nine brown foxes');
    expect(await argon2id.verify('nine brown foxes', stored)).toBe(true);
    expect(await argon2id.verify('nine brown foxes ', stored)).toBe(false);
    expect(await argon2id.verify('nine brown foxes', withAnotherEnd(stored))).toBe(false);
    expect(await argon2id.verify('nine brown foxes', undefined)).toBe(false);
  });

  it('and bcrypt verify and replace hashes of each other', async () => {
    const [byBcrypt, byArgon2id] = await Promise.all([hasher.hash('one'), argon2id.hash('one')]);
    expect(await argon2id.verify('one', byBcrypt)).toBe(true);
    expect(await argon2id.verify('two', byBcrypt)).toBe(false);
    expect(await hasher.verify('one', byArgon2id)).toBe(true);
    expect(await hasher.verify('two', byArgon2id)).toBe(false);
    expect([hasher.needsUpgrade(byArgon2id), argon2id.needsUpgrade(byBcrypt)]).toEqual([true, true]);
    expect([hasher.needsUpgrade(byBcrypt), argon2id.needsUpgrade(byArgon2id)]).toEqual([false, false]);
  });

  it('of registrations for one address share a salt, and any of them is found in one hash', async () => {
    const of = (password: string) => argon2id.hash(password, {}, 'ada@example.com');
    const stored = await Promise.all([of('one'), of('two')]);
    expect(await argon2id.verifyAny('two', stored)).toBe(true);
    expect(await argon2id.verifyAny('three', stored)).toBe(false);
    expect(await hasher.verifyAny('two', stored)).toBe(true);
    expect(await argon2id.verifyAny('two', [await hasher.hash('two', {}, 'ada@example.com')])).toBe(true);
  });

  it('takes at least the time of the bcrypt hashes that are left, for every account', () => {
    const hash = jest.spyOn(bcrypt, 'hashSync');
    const rounds = () => hash.mock.calls.reduce((sum, [, cost]) => sum + 2 ** Number(cost), 0);
    const request = { prehash: 'x'.repeat(64), cost: 9, algorithm: 'argon2id', floor: 2 ** 12 } as const;
    computeHash({ ...request, stored: computeHash({ ...request, floor: 0 }) as string });
    // Argon2id itself takes some of it.
    expect(rounds()).toBeGreaterThan(2 ** 10);
    hash.mockClear();
    computeHash({ ...request, floor: 0, stored: computeHash({ ...request, floor: 0 }) as string });
    expect(rounds()).toBe(0);
  });
});
