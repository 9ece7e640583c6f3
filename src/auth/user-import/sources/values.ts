import { UnusableHash } from '../../passwords/foreign/foreign-hash.js';
import { LineFault } from '../source-person.js';

/** Longer than anything that is taken, so that whatever is longer is refused, or left out, at no cost. */
const LONGEST_TEXT = 4096;

export type Json = Readonly<Record<string, unknown>>;

/** A text, or null where there is none; the beginning of one that is too long for anything. Numbers are taken as they are written. @throws LineFault for anything else */
export function text(of: Json, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = Object.hasOwn(of, name) ? of[name] : undefined;
    if (value === undefined || value === null || value === '') continue;
    if (typeof value === 'string') return value.slice(0, LONGEST_TEXT);
    if (typeof value === 'number') return String(value);
    throw new LineFault('invalid-field', `${name} must be a string.`);
  }
  return null;
}

/** True, false, or undefined where there is none. @throws LineFault */
export function flag(of: Json, ...names: readonly string[]): boolean | undefined {
  for (const name of names) {
    const value = Object.hasOwn(of, name) ? of[name] : undefined;
    if (value === undefined || value === null || value === '') continue;
    if (typeof value === 'boolean') return value;
    const spelled = typeof value === 'string' ? value.toLowerCase() : '';
    if (['true', 't', 'yes', '1'].includes(spelled)) return true;
    if (['false', 'f', 'no', '0'].includes(spelled)) return false;
    throw new LineFault('invalid-field', `${name} must be true or false.`);
  }
  return undefined;
}

export function object(of: Json, name: string): Json {
  const value = Object.hasOwn(of, name) ? of[name] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** The objects of a list; empty without one. */
export function objects(of: Json, name: string): Json[] {
  const value = Object.hasOwn(of, name) ? of[name] : undefined;
  const isObject = (one: unknown): one is Json => typeof one === 'object' && one !== null && !Array.isArray(one);
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** An object in a string of JSON, as Keycloak has them; or an object. @throws LineFault */
export function nested(of: Json, name: string): Json {
  const value = of[name];
  if (typeof value !== 'string') return object(of, name);
  try {
    return object({ value: JSON.parse(value) as unknown }, 'value');
  } catch {
    throw new LineFault('invalid-field', `${name} must hold JSON.`);
  }
}

/** Turns what is wrong with a hash into what is wrong with the line. */
export function ofHash<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnusableHash) throw new LineFault(error.code, error.message);
    throw error;
  }
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648, 6, without padding. */
export function base32(bytes: Buffer): string {
  let [out, bits, value] = ['', 0, 0];
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5) out += BASE32.charAt((value >> (bits - 5)) & 31);
  }
  return bits > 0 ? out + BASE32.charAt((value << (5 - bits)) & 31) : out;
}

/** Adds the id of the person to what is wrong with the line. @throws LineFault */
export function aboutPerson<T>(externalId: string | null, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof LineFault ? new LineFault(error.code, error.message, externalId) : error;
  }
}
