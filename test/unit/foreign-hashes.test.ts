import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { bounded, type ForeignHash, roundsOf, UnusableHash } from '../../src/auth/passwords/foreign/foreign-hash.js';
import { foreignHashText, parseForeignHash } from '../../src/auth/passwords/foreign/parse-foreign.js';
import { verifyForeign } from '../../src/auth/passwords/foreign/verify-foreign.js';

interface Made {
  readonly madeBy: string;
  readonly hash: string;
  readonly password?: string;
}
interface Fixtures {
  readonly password: string;
  readonly taken: readonly Made[];
  readonly refused: readonly Made[];
}
const file = new URL('../fixtures/foreign-hashes/hashes.json', import.meta.url);
const { password, taken, refused } = JSON.parse(readFileSync(file, 'utf8')) as Fixtures;

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UnusableHash) return error.code;
    throw error;
  }
  return 'taken';
}

describe('a password hash that another system made', () => {
  it.each(taken)('is verified: $madeBy', ({ hash, password: own = password }) => {
    const read = parseForeignHash(hash);
    expect(verifyForeign(own, read)).toBe(true);
    expect(verifyForeign(`${own}r`, read)).toBe(false);
    expect(parseForeignHash(foreignHashText(read))).toEqual(read);
  });

  it.each(refused)('is refused with a sentence where it cannot be verified: $madeBy', ({ hash }) => {
    expect(() => parseForeignHash(hash)).toThrow(/not supported/);
    expect(codeOf(() => parseForeignHash(hash))).toBe('hash-unsupported');
  });

  it.each([
    ['prefix', (salt: string) => `${salt}${password}`],
    ['suffix', (salt: string) => `${password}${salt}`],
  ] as const)('may be a digest with its salt as %s', (position, salted) => {
    const hash = createHash('sha256').update(salted('pepper')).digest('base64');
    const salt = Buffer.from('pepper').toString('base64');
    const read = bounded({ kind: 'digest', digest: 'sha256', salt, position, hash });
    expect(verifyForeign(password, read)).toBe(true);
    expect(verifyForeign('another', read)).toBe(false);
  });

  it('may be an HMAC', () => {
    const hash = createHmac('sha512', 'key').update(password).digest('base64');
    const read = bounded({ kind: 'hmac', digest: 'sha512', key: Buffer.from('key').toString('base64'), hash });
    expect(verifyForeign(password, read)).toBe(true);
    expect(verifyForeign('another', read)).toBe(false);
  });
});

const SALT = Buffer.alloc(16, 's').toString('base64');
const HASH = Buffer.alloc(32, 'h').toString('base64');
const of = { salt: SALT, hash: HASH };

describe('the parameters of a password hash', () => {
  it.each<[string, ForeignHash, string]>([
    [
      'argon2 of 256 MiB',
      { kind: 'argon2', type: 'argon2id', memory: 262_144, passes: 3, parallelism: 4, ...of },
      'taken',
    ],
    [
      'argon2 of more',
      { kind: 'argon2', type: 'argon2id', memory: 262_145, passes: 1, parallelism: 4, ...of },
      'hash-too-costly',
    ],
    [
      'argon2 of many passes',
      { kind: 'argon2', type: 'argon2id', memory: 65_536, passes: 100, parallelism: 1, ...of },
      'hash-too-costly',
    ],
    [
      'argon2 without memory',
      { kind: 'argon2', type: 'argon2id', memory: 0, passes: 1, parallelism: 1, ...of },
      'hash-malformed',
    ],
    [
      'argon2 with a salt of 4 bytes',
      { kind: 'argon2', type: 'argon2i', memory: 64, passes: 1, parallelism: 1, hash: HASH, salt: 'c2FsdA==' },
      'hash-malformed',
    ],
    ['scrypt of 64 MiB', { kind: 'scrypt', cost: 65_536, blockSize: 8, parallelism: 1, ...of }, 'taken'],
    ['scrypt of a gigabyte', { kind: 'scrypt', cost: 2 ** 20, blockSize: 8, parallelism: 1, ...of }, 'hash-too-costly'],
    [
      'scrypt whose N is no power of two',
      { kind: 'scrypt', cost: 1000, blockSize: 8, parallelism: 1, ...of },
      'hash-malformed',
    ],
    [
      'scrypt whose N is too high for its block size',
      { kind: 'scrypt', cost: 2 ** 16, blockSize: 1, parallelism: 1, ...of },
      'hash-malformed',
    ],
    [
      'scrypt whose N is a text',
      { kind: 'scrypt', cost: '16384' as unknown as number, blockSize: 8, parallelism: 1, ...of },
      'hash-malformed',
    ],
    [
      'Firebase whose N is too high for its block size',
      { kind: 'firebase', memoryCost: 17, rounds: 1, saltSeparator: '', signerKey: HASH, ...of },
      'hash-malformed',
    ],
    ['bcrypt in a list', { kind: 'bcrypt', hash: [`$2b$14$${'a'.repeat(53)}`] as unknown as string }, 'hash-malformed'],
    ['PBKDF2 of 600,000 iterations', { kind: 'pbkdf2', digest: 'sha256', iterations: 600_000, ...of }, 'taken'],
    [
      'PBKDF2 of 600,000 iterations for each of 16 blocks',
      {
        ...{ kind: 'pbkdf2', digest: 'sha256', iterations: 600_000, salt: SALT },
        hash: Buffer.alloc(512, 'h').toString('base64'),
      },
      'hash-too-costly',
    ],
    [
      'PBKDF2 of a thousand million',
      { kind: 'pbkdf2', digest: 'sha256', iterations: 1_000_000_000, ...of },
      'hash-too-costly',
    ],
    ['PBKDF2 of no whole number', { kind: 'pbkdf2', digest: 'sha256', iterations: 1.5, ...of }, 'hash-malformed'],
    ['PBKDF2 of MD4', { kind: 'pbkdf2', digest: 'md4' as 'md5', iterations: 1, ...of }, 'hash-malformed'],
    ['bcrypt of cost 14', { kind: 'bcrypt', hash: `$2b$14$${'a'.repeat(53)}` }, 'taken'],
    ['bcrypt of cost 31', { kind: 'bcrypt', hash: `$2b$31$${'a'.repeat(53)}` }, 'hash-too-costly'],
    [
      'Firebase with a memory cost of 17',
      { kind: 'firebase', memoryCost: 17, rounds: 64, saltSeparator: '', signerKey: HASH, ...of },
      'hash-too-costly',
    ],
    [
      'a hash of four bytes',
      { kind: 'digest', digest: 'md5', salt: '', position: 'suffix', hash: 'AAAAAA==' },
      'hash-malformed',
    ],
    [
      'a kind that is none',
      { kind: '__proto__' as 'digest', digest: 'md5', position: 'suffix', ...of },
      'hash-malformed',
    ],
  ])('are bounded before anything is computed: %s', (_, hash, code) => {
    expect(codeOf(() => bounded(hash))).toBe(code);
  });

  it.each([
    ['megabytes of text', `$2b$10$${'a'.repeat(1_000_000)}`],
    ['numbers of a thousand digits', `$argon2id$v=19$m=${'9'.repeat(1000)},t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA`],
    ['JSON of something else', '{"kind":null}'],
    [
      'JSON with an object for a number',
      '{"kind":"pbkdf2","digest":"sha1","iterations":{},"salt":"AA==","hash":"AAAAAAAAAAAAAAAAAAAAAA=="}',
    ],
    ['broken JSON', '{"kind":'],
  ])('are no way to stop a server: %s', (_, text) => {
    expect(['hash-malformed', 'hash-too-costly']).toContain(codeOf(() => parseForeignHash(text)));
  });

  it('tell the work to come in rounds of bcrypt', () => {
    expect(roundsOf({ kind: 'bcrypt', hash: `$2b$12$${'a'.repeat(53)}` })).toBe(4096);
    expect(roundsOf({ kind: 'digest', digest: 'md5', salt: '', position: 'suffix', hash: HASH })).toBe(1);
  });
});
