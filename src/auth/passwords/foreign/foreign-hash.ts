/** The digests of salted digests, HMAC and PBKDF2 that are taken. MD4 is not: OpenSSL 3 has none without its legacy provider. */
export const DIGESTS = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const;
export type Digest = (typeof DIGESTS)[number];
export const DIGEST_BYTES: Readonly<Record<Digest, number>> = {
  ...{ md5: 16, sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 },
};

export const ARGON2_TYPES = ['argon2d', 'argon2i', 'argon2id'] as const;
export type Argon2Type = (typeof ARGON2_TYPES)[number];

/**
 * A password hash of another system, with everything but the password that its computation takes. Bytes are in base64, so that it is
 * plain JSON.
 */
export type ForeignHash =
  | { readonly kind: 'bcrypt'; readonly hash: string }
  | {
      readonly kind: 'argon2';
      readonly type: Argon2Type;
      /** In KiB. */
      readonly memory: number;
      readonly passes: number;
      readonly parallelism: number;
      readonly salt: string;
      readonly hash: string;
    }
  | {
      readonly kind: 'scrypt';
      /** N of RFC 7914. */
      readonly cost: number;
      readonly blockSize: number;
      readonly parallelism: number;
      readonly salt: string;
      readonly hash: string;
    }
  | {
      readonly kind: 'pbkdf2';
      readonly digest: Digest;
      readonly iterations: number;
      readonly salt: string;
      readonly hash: string;
    }
  | { readonly kind: 'hmac'; readonly digest: Digest; readonly key: string; readonly hash: string }
  | {
      readonly kind: 'digest';
      readonly digest: Digest;
      readonly salt: string;
      readonly position: 'prefix' | 'suffix';
      readonly hash: string;
    }
  | {
      /** Firebase's modification of scrypt (https://github.com/firebase/scrypt). */
      readonly kind: 'firebase';
      /** The base-2 logarithm of N. */
      readonly memoryCost: number;
      readonly rounds: number;
      readonly saltSeparator: string;
      readonly signerKey: string;
      readonly salt: string;
      readonly hash: string;
    };

/** A password hash that cannot be taken. The message says why, and repeats nothing of it. */
export class UnusableHash extends Error {
  constructor(
    readonly code: 'hash-unsupported' | 'hash-malformed' | 'hash-too-costly',
    message: string,
  ) {
    super(message);
  }
}

const MIB = 1024;
const MOST_MEMORY_KIB = 256 * MIB;
/** Two seconds of work at most: as much as bcrypt with a cost of 15. */
export const MOST_ROUNDS = 2 ** 15;

/**
 * The work of a hash in rounds of bcrypt (a cost of c has 2^c of them, of about 45 µs), estimated rather too high than too low, by
 * measurements of Node 24's own crypto on one core.
 */
export function roundsOf(hash: ForeignHash): number {
  switch (hash.kind) {
    case 'bcrypt':
      return 2 ** Number(hash.hash.slice(4, 6));
    case 'argon2':
      return (hash.memory * hash.passes) / 36;
    case 'scrypt':
      return (hash.cost * hash.blockSize * hash.parallelism) / 100;
    case 'firebase':
      return (2 ** hash.memoryCost * hash.rounds) / 100;
    case 'pbkdf2':
      // Each block of the derived key takes all the iterations again (RFC 8018, 5.2).
      return (hash.iterations / 50) * Math.ceil(bytes(hash.hash) / DIGEST_BYTES[hash.digest]);
    case 'hmac':
    case 'digest':
      return 1;
  }
}

/**
 * Checks every parameter before anything is computed with it: a file of hashes must be no weapon.
 * @returns the same hash
 * @throws UnusableHash
 */
export function bounded(hash: ForeignHash): ForeignHash {
  const malformed = shapeProblem(hash);
  if (malformed !== undefined) throw new UnusableHash('hash-malformed', malformed);
  if (memoryOf(hash) > MOST_MEMORY_KIB) {
    throw new UnusableHash('hash-too-costly', 'The password hash takes more than 256 MiB of memory to verify.');
  }
  if (roundsOf(hash) > MOST_ROUNDS) {
    throw new UnusableHash('hash-too-costly', 'The password hash takes more than about two seconds to verify.');
  }
  return hash;
}

/** In KiB. */
function memoryOf(hash: ForeignHash): number {
  if (hash.kind === 'argon2') return hash.memory;
  if (hash.kind === 'scrypt') return (128 * hash.cost * hash.blockSize) / 1024;
  return hash.kind === 'firebase' ? (128 * 2 ** hash.memoryCost * hash.rounds) / 1024 : 0;
}

const BCRYPT = /^\$2b\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const bytes = (text: string): number => Buffer.from(text, 'base64').length;
const isBytes = (text: unknown, least: number, most: number): boolean =>
  typeof text === 'string' &&
  text.length <= 2 * most + 4 &&
  BASE64.test(text) &&
  bytes(text) >= least &&
  bytes(text) <= most;
const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;

function shapeProblem(hash: ForeignHash): string | undefined {
  if (hash.kind === 'bcrypt') {
    return typeof hash.hash === 'string' && BCRYPT.test(hash.hash) ? undefined : 'The bcrypt hash is not whole.';
  }
  if (!isBytes(hash.hash, 16, 512)) return 'The password hash does not have 16 to 512 bytes.';
  if (hash.kind === 'hmac') {
    return DIGESTS.includes(hash.digest) && isBytes(hash.key, 1, 512)
      ? undefined
      : 'The digest of the HMAC is unknown, or its key does not have 1 to 512 bytes.';
  }
  // Salted digests of LDAP may have no salt.
  if (!isBytes(hash.salt, hash.kind === 'digest' ? 0 : 1, 512)) return 'The salt does not have 1 to 512 bytes.';
  return parameterProblem(hash);
}

function parameterProblem(hash: Exclude<ForeignHash, { kind: 'bcrypt' | 'hmac' }>): string | undefined {
  const wrong = 'A parameter of the password hash is out of its range.';
  switch (hash.kind) {
    case 'argon2': {
      const fits = isWhole(hash.passes, 1, 1000) && isWhole(hash.parallelism, 1, 64) && bytes(hash.salt) >= 8;
      const isFilled = isWhole(hash.memory, 8 * hash.parallelism, 2 ** 31);
      return fits && isFilled && ARGON2_TYPES.includes(hash.type) ? undefined : wrong;
    }
    case 'scrypt': {
      const isPower = isWhole(hash.cost, 2, 2 ** 30) && Number.isInteger(Math.log2(hash.cost));
      return isPower &&
        isCostOfScrypt(Math.log2(hash.cost), hash.blockSize) &&
        isWhole(hash.blockSize, 1, 64) &&
        isWhole(hash.parallelism, 1, 64)
        ? undefined
        : wrong;
    }
    case 'pbkdf2':
      return DIGESTS.includes(hash.digest) && isWhole(hash.iterations, 1, 2 ** 31) ? undefined : wrong;
    case 'digest': {
      const isPlaced = ['prefix', 'suffix'].includes(hash.position);
      return DIGESTS.includes(hash.digest) && isPlaced ? undefined : wrong;
    }
    case 'firebase': {
      const hasKeys = isBytes(hash.signerKey, 1, 512) && isBytes(hash.saltSeparator, 0, 64);
      const isCost = isWhole(hash.memoryCost, 1, 14 + 3) && isCostOfScrypt(hash.memoryCost, hash.rounds);
      return hasKeys && isCost && isWhole(hash.rounds, 1, 64) ? undefined : wrong;
    }
    default:
      return 'The kind of the password hash is unknown.';
  }
}

/** RFC 7914, 6: N is less than 2^(128 r / 8). OpenSSL computes nothing else. */
const isCostOfScrypt = (log2OfCost: number, blockSize: number): boolean => log2OfCost < 16 * blockSize;
