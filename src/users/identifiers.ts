import { InvalidUsername } from './user-errors.js';

/** What two spellings of one address have in common: addresses compare without case. */
export function addressKey(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}

/** What two spellings of one username have in common: NFKC and case folding (Unicode UAX #31, PRECIS RFC 8265). */
export function usernameKey(username: string): string {
  // Upper case folds what lower case alone keeps apart, such as ß and ss or final sigma; lower case before it, ẞ.
  const folded = username.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC');
  // A dot above i or j cannot be seen (Unicode, "Soft_Dotted"), and İ folds to such an i.
  return folded.replace(/(?<=\p{Soft_Dotted})\u0307+/gu, '');
}

// Some letters and marks, such as Hangul fillers and variation selectors, are invisible (Default_Ignorable_Code_Point).
const SHAPE = /^(?!.*\p{DI})[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]*$/u;
const MIN = 3;
const MAX = 32;

// Scripts that are written together; letters and digits of any other two are look-alikes (UTS #39, "highly restrictive").
const TOGETHER: readonly RegExp[] = [
  /^\p{Script=Latin}*$/u,
  /^[\p{Script=Latin}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]*$/u,
  /^[\p{Script=Latin}\p{Script=Han}\p{Script=Hangul}]*$/u,
  /^[\p{Script=Latin}\p{Script=Han}\p{Script=Bopomofo}]*$/u,
  /^\p{Script=Greek}*$/u,
  /^\p{Script=Cyrillic}*$/u,
  /^[\p{Script=Arabic}\u0660-\u0669]*$/u,
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
 * email address and never a mixture of look-alikes.
 * @throws InvalidUsername
 */
export function checkUsername(username: string): void {
  const normalised = username.normalize('NFKC');
  const length = [...normalised].length;
  if (length < MIN || length > MAX) throw new InvalidUsername(`A username has ${MIN} to ${MAX} characters.`);
  if (!SHAPE.test(normalised)) {
    throw new InvalidUsername('A username has letters, digits and . _ - only, and begins with a letter or digit.');
  }
  const written = normalised.replace(/[^\p{L}\p{N}]|[0-9]/gu, '');
  if (!TOGETHER.some((script) => script.test(written))) {
    throw new InvalidUsername('A username must not mix letters of different scripts.');
  }
}
