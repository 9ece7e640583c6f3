// Not by name: an older Node, which is refused in words, has no argon2Sync.
import crypto, { createCipheriv, createHash, createHmac, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto';
import bcrypt from 'bcrypt';
import type { ForeignHash } from './foreign-hash.js';

const of = (text: string): Buffer => Buffer.from(text, 'base64');
/** Twice what scrypt takes itself, for what surrounds it. */
const SCRYPT_MEMORY = 512 * 1024 * 1024;

/** Whether the password is that of the hash. Takes the hash's time, on the thread of the caller. @param hash bounded */
export function verifyForeign(password: string, hash: ForeignHash): boolean {
  if (hash.kind === 'bcrypt') return bcrypt.compareSync(password, hash.hash);
  const wanted = of(hash.hash);
  const made = derive(Buffer.from(password), hash, wanted.length);
  return made.length === wanted.length && timingSafeEqual(made, wanted);
}

function derive(password: Buffer, hash: Exclude<ForeignHash, { kind: 'bcrypt' }>, length: number): Buffer {
  switch (hash.kind) {
    case 'argon2': {
      const { memory, passes, parallelism } = hash;
      const cost = { memory, passes, parallelism, tagLength: length };
      return crypto.argon2Sync(hash.type, { message: password, nonce: of(hash.salt), ...cost });
    }
    case 'scrypt': {
      const { cost, blockSize, parallelism: parallelization } = hash;
      return scryptSync(password, of(hash.salt), length, { cost, blockSize, parallelization, maxmem: SCRYPT_MEMORY });
    }
    case 'pbkdf2':
      return pbkdf2Sync(password, of(hash.salt), hash.iterations, length, hash.digest);
    case 'hmac':
      return createHmac(hash.digest, of(hash.key)).update(password).digest();
    case 'digest': {
      const parts = hash.position === 'prefix' ? [of(hash.salt), password] : [password, of(hash.salt)];
      return createHash(hash.digest).update(Buffer.concat(parts)).digest();
    }
    case 'firebase':
      return firebase(password, hash);
  }
}

/** The signer key, encrypted by AES-256-CTR under the scrypt of the password (https://github.com/firebase/scrypt). */
function firebase(password: Buffer, hash: Extract<ForeignHash, { kind: 'firebase' }>): Buffer {
  const salt = Buffer.concat([of(hash.salt), of(hash.saltSeparator)]);
  const cost = { cost: 2 ** hash.memoryCost, blockSize: hash.rounds, parallelization: 1, maxmem: SCRYPT_MEMORY };
  const cipher = createCipheriv('aes-256-ctr', scryptSync(password, salt, 32, cost), Buffer.alloc(16));
  return Buffer.concat([cipher.update(of(hash.signerKey)), cipher.final()]);
}
