// Not by name: an older Node, which is refused in words, has no argon2Sync.
import crypto, { randomBytes, timingSafeEqual } from 'node:crypto';

/** The least that OWASP recommends (Password Storage Cheat Sheet): memory in KiB. */
const PARAMETERS = { memory: 19 * 1024, passes: 2, parallelism: 1 } as const;
const SALT_BYTES = 16;
const TAG_BYTES = 32;

const PREFIX = `$argon2id$v=19$m=${PARAMETERS.memory},t=${PARAMETERS.passes},p=${PARAMETERS.parallelism}$`;
const WHOLE = /^(\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$)([A-Za-z0-9+/]{22}\$)([A-Za-z0-9+/]{43})$/;

export const isArgon2id = (text: string): boolean => text.startsWith('$argon2id$');

/** Whether it is a whole hash with the parameters of today. */
export const isCurrentArgon2id = (hashed: string): boolean => WHOLE.exec(hashed)?.[1] === PREFIX;

/** Parameters and salt of a hash, from which one of the same salt is made; undefined unless it is whole and with the parameters of today. */
export function saltOfArgon2id(hashed: string): string | undefined {
  const [, prefix, salt = ''] = WHOLE.exec(hashed) ?? [];
  return prefix === PREFIX ? prefix + salt : undefined;
}

/** Parameters and a salt, as they stand at the beginning of a hash. @param bytes random by default */
export function argon2idSalt(bytes: Buffer = randomBytes(SALT_BYTES)): string {
  return `${PREFIX}${unpadded(bytes.subarray(0, SALT_BYTES))}$`;
}

/**
 * Argon2id (RFC 9106) as a PHC string, of 19 MiB and two passes. Takes some 20 ms, on the thread of the caller.
 * @param salt from `argon2idSalt`
 */
export function hashArgon2id(prehash: string, salt: string): string {
  const nonce = Buffer.from(salt.slice(PREFIX.length, -1), 'base64');
  return (
    salt + unpadded(crypto.argon2Sync('argon2id', { message: prehash, nonce, ...PARAMETERS, tagLength: TAG_BYTES }))
  );
}

/** Whether it is the hash of this. Takes the same time for every hash. */
export function compareArgon2id(prehash: string, hashed: string): boolean {
  const made = Buffer.from(hashArgon2id(prehash, saltOfArgon2id(hashed) ?? argon2idSalt()));
  return made.length === hashed.length && timingSafeEqual(made, Buffer.from(hashed));
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
