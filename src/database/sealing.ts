import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

// From bytes, Node 24 takes four times as long for a short text, and making the object takes as long as using it.
const keyObjects = new WeakMap<Buffer, KeyObject>();

/** The key object of these bytes, which must not change. It is made once, for as long as somebody has the bytes. */
function keyObjectOf(key: Buffer): KeyObject {
  const known = keyObjects.get(key);
  if (known) return known;
  const made = createSecretKey(key);
  keyObjects.set(key, made);
  return made;
}

/** An HMAC under a key of the keyring, or another whose bytes must not change: that key is made ready once. */
export function hmacWith(key: Buffer, hash: 'sha256' | 'sha384' = 'sha256'): ReturnType<typeof createHmac> {
  return createHmac(hash, keyObjectOf(key));
}

// Drawn ahead: for each nonce alone, it takes longer than sealing a short text. Nonces are no secrets.
const drawn = Buffer.alloc(1024 * NONCE_BYTES);
let used = drawn.length;

function newNonce(): Buffer {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  return drawn.subarray(used, (used += NONCE_BYTES));
}

const KEY_BYTES = 32;
const drawnKeys = Buffer.alloc(256 * KEY_BYTES);
let usedKeys = drawnKeys.length;

/** A random key for `seal`. Drawn ahead as well; what was given out is wiped here. */
export function newSealingKey(): Buffer {
  if (usedKeys === drawnKeys.length) {
    randomFillSync(drawnKeys);
    usedKeys = 0;
  }
  const place = drawnKeys.subarray(usedKeys, (usedKeys += KEY_BYTES));
  const key = Buffer.alloc(KEY_BYTES);
  place.copy(key);
  place.fill(0);
  return key;
}

/** AES-256-GCM (NIST SP 800-38D) with a random nonce; `label` is bound to the result. Layout: nonce, ciphertext, tag. */
export function seal(key: Buffer, plain: Buffer, label: string): Buffer {
  const nonce = newNonce();
  const cipher = createCipheriv('aes-256-gcm', keyObjectOf(key), nonce);
  cipher.setAAD(Buffer.from(label));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws Error if the key or label differs from the one used for sealing, or a byte was changed */
export function unseal(key: Buffer, sealed: Buffer, label: string): Buffer {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', keyObjectOf(key), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(label));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}
