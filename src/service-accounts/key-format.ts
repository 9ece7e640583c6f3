import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { KEY_PREFIX } from '../access/service-key-check.js';

// No `_` and no `-`: a double click selects the whole key, and its parts are told apart.
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 43 digits of 62 are 256 bits. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const FORM = new RegExp(`^${KEY_PREFIX}([0-9a-f]{32})_[0-9A-Za-z]{${SECRET_LENGTH}}_[0-9A-Za-z]{${CHECKSUM_LENGTH}}$`);
const LENGTH = KEY_PREFIX.length + 32 + 1 + SECRET_LENGTH + 1 + CHECKSUM_LENGTH;

/** The part of a key that is no secret: lists show it, and logs may. */
export function keyPrefix(keyId: string): string {
  return `${KEY_PREFIX}${keyId.replaceAll('-', '')}`;
}

/**
 * A new key: `roster_<id>_<secret>_<checksum>`. The id is that of the key, the secret has 256 random bits, and the checksum is the
 * CRC-32 of all before it in six digits of base 62: so scanners for leaked secrets know a key from a text that looks like one, and a
 * key that was mistyped or cut is told from one that does not exist.
 */
export function newKey(keyId: string): string {
  const secret = Array.from({ length: SECRET_LENGTH }, () => DIGITS[randomInt(DIGITS.length)]).join('');
  const body = `${keyPrefix(keyId)}_${secret}`;
  return `${body}_${checksumOf(body)}`;
}

/** The id in a key whose form and checksum are right; undefined for every other text. */
export function keyIdIn(key: string): string | undefined {
  if (key.length !== LENGTH) return undefined;
  const id = FORM.exec(key)?.[1];
  const end = key.lastIndexOf('_');
  if (id === undefined || checksumOf(key.slice(0, end)) !== key.slice(end + 1)) return undefined;
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place++) {
    digits = `${DIGITS[rest % DIGITS.length] ?? ''}${digits}`;
    rest = Math.floor(rest / DIGITS.length);
  }
  return digits;
}
