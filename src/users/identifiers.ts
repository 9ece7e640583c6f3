import { InvalidUsername } from './user-errors.js';

/** What two spellings of one address have in common: addresses compare without case. */
export function addressKey(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}

/** What two spellings of one username have in common: NFKC and case folding (Unicode UAX #31, PRECIS RFC 8265). */
export function usernameKey(username: string): string {
  // Upper case first folds what lower case alone keeps apart, such as ß and ss or final sigma.
  return username.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

const SHAPE = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]*$/u;
const MIN = 3;
const MAX = 32;

// Scripts that are written together; letters of any other two in one name are look-alikes (UTS #39, "highly restrictive").
const TOGETHER: readonly RegExp[] = [
  /^\p{Script=Latin}*$/u,
  /^[\p{Script=Latin}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]*$/u,
  /^[\p{Script=Latin}\p{Script=Han}\p{Script=Hangul}]*$/u,
  /^[\p{Script=Latin}\p{Script=Han}\p{Script=Bopomofo}]*$/u,
  /^\p{Script=Greek}*$/u,
  /^\p{Script=Cyrillic}*$/u,
  /^\p{Script=Arabic}*$/u,
  /^\p{Script=Hebrew}*$/u,
  /^\p{Script=Devanagari}*$/u,
  /^\p{Script=Thai}*$/u,
  /^\p{Script=Armenian}*$/u,
  /^\p{Script=Georgian}*$/u,
  /^\p{Script=Bengali}*$/u,
  /^\p{Script=Tamil}*$/u,
];

/**
 * 3 to 32 letters, digits and `._-`, beginning with a letter or digit, of scripts that are written together; so never an
 * email address and never a look-alike of another script.
 * @throws InvalidUsername
 */
export function checkUsername(username: string): void {
  const normalised = username.normalize('NFKC');
  const length = [...normalised].length;
  if (length < MIN || length > MAX) throw new InvalidUsername(`A username has ${MIN} to ${MAX} characters.`);
  if (!SHAPE.test(normalised)) {
    throw new InvalidUsername('A username has letters, digits and . _ - only, and begins with a letter or digit.');
  }
  const letters = normalised.replace(/[^\p{L}]/gu, '');
  if (!TOGETHER.some((script) => script.test(letters))) {
    throw new InvalidUsername('A username must not mix letters of different scripts.');
  }
}
