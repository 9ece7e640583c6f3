import { domainToASCII } from 'node:url';
import { InvalidUsername } from './user-errors.js';

/**
 * The same key for all spellings of one mailbox, and different keys for different mailboxes: for comparing, looking up and counting
 * addresses. The domain as its A-label (UTS #46, as browsers and DNS have it), so that `müller.example`, `MÜLLER.example` and
 * `xn--mller-kva.example` are one; before the @, only the letters A to Z are folded, for of what else two spellings have in
 * common only the server of that domain knows (RFC 5321, 2.4, RFC 6531). Its own key is that of a key.
 */
export function addressKey(email: string): string {
  const given = email.trim();
  const at = given.lastIndexOf('@');
  if (at < 0) return asciiLowerCase(canonical(given));
  const domain = given.slice(at + 1);
  return `${asciiLowerCase(canonical(given.slice(0, at)))}@${domainKey(domain)}`;
}

/** The key of a sign-in identifier, an address or a username; equal for all its spellings. */
export function identifierKey(identifier: string): string {
  return identifier.includes('@') ? addressKey(identifier) : usernameKey(identifier);
}

/** Characters at which a URL parser would end the host, or which it would decode or drop. They are not part of a domain and must not reach UTS #46. */
const NOT_OF_A_DOMAIN = /[\p{Cc}\s%/\\?#:[\]@]/u;

/** The A-labels of a domain in lower case; undefined if it is not a domain by UTS #46. */
export function asciiDomain(domain: string): string | undefined {
  return (NOT_OF_A_DOMAIN.test(domain) ? '' : domainToASCII(domain)) || undefined;
}

/** What is not a domain still equals itself. A trailing dot is not part of an address and is ignored. */
function domainKey(domain: string): string {
  const ascii = asciiDomain(domain) ?? asciiLowerCase(canonical(domain));
  return ascii.replace(/(?<=[^.])\.$/, '');
}

// Their canonical equivalents are ASCII: the sign for kelvin would be the letter K, which is another mailbox.
const SIGNS = /([\u212a\u037e\u1fef])/;

/** One of the ways to write the same text (NFC; RFC 6532, 3.1), with nothing turned into ASCII. */
function canonical(text: string): string {
  return text
    .split(SIGNS)
    .map((part) => (SIGNS.test(part) ? part : part.normalize('NFC')))
    .join('');
}

function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The same key for all spellings of a username: NFKC and case folding (Unicode UAX #31, PRECIS RFC 8265). */
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

// Scripts that are commonly mixed; any other mixture can hide look-alikes (UTS #39, "highly restrictive").
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
 * 3 to 32 letters, digits and `._-`, starting with a letter or digit, in scripts that are commonly mixed; so never an email address
 * and never a mixture of look-alikes.
 * @throws InvalidUsername
 */
export function checkUsername(username: string): void {
  const normalised = username.normalize('NFKC');
  const length = [...normalised].length;
  if (length < MIN || length > MAX) throw new InvalidUsername(`A username has ${MIN} to ${MAX} characters.`);
  if (!SHAPE.test(normalised)) {
    throw new InvalidUsername('A username has only letters, digits and . _ - and starts with a letter or digit.');
  }
  const written = normalised.replace(/[^\p{L}\p{N}]|[0-9]/gu, '');
  if (!TOGETHER.some((script) => script.test(written))) {
    throw new InvalidUsername('A username must not mix scripts.');
  }
}
