import { domainToUnicode } from 'node:url';
import { asciiDomain } from './identifiers.js';

/** Letters without a decomposition, mapped to how people type them on a keyboard that lacks them. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ŧ: 't',
  ŋ: 'n',
  ı: 'i',
  ĸ: 'k',
  ς: 'σ',
};
const SPECIAL = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');

// Scripts in which a letter with a mark counts as the letter. In others, marks are vowels or form a different letter.
const MARKED = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])(\p{M}+)/gu;
// й is a letter of its own, not и with a mark.
const SHORT_I = 'и\u0306';
// Hebrew and Arabic vowel points, which are rarely written, the Arabic tatweel, and invisible characters.
const LEFT_OUT =
  /[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670\u0640\p{Default_Ignorable_Code_Point}]+/gu;

/** Folds differences in case, width, kinds of space and marks that readers ignore. */
export function foldForSearch(text: string): string {
  return (
    text
      .normalize('NFKD')
      .toLowerCase()
      .replace(LEFT_OUT, '')
      .replace(MARKED, (marked, letter: string) => (marked.startsWith(SHORT_I) ? SHORT_I : letter))
      .replace(SPECIAL, (letter) => LETTERS[letter] ?? letter)
      .normalize('NFC')
      // The full stop of an East Asian keyboard, in addresses.
      .replace(/。/gu, '.')
      .replace(/[\p{Zs}\t]+/gu, ' ')
  );
}

/**
 * Writes folded text in ASCII letters, digits and spaces alone: `é_b` becomes `eQFPQ b`. PostgreSQL's trigrams are made of what the
 * database's locale calls a letter, so that `%_%`, or Greek in a database of locale C, would have none and be searched for row
 * by row. Parts stay parts: capitals stand nowhere else, and a Q that ends is never followed by one that is not a Q. And
 * nothing is left that means something to LIKE. Q, since trigrams know no case: with a letter that stands before others in
 * names, as Z does, the index would take every word of a name that begins with `da` for a `zda`. What is no letter, digit or
 * mark has a space behind it: there a word begins, for the index too. C before a word that does not begin with a to z or a digit,
 * or the index would take all of them for words with q; of those with c, such as `com`, a walk of the list finds enough.
 */
function encode(folded: string): string {
  return folded.replace(/[^a-z0-9 ]/gu, encodedCharacter).replaceAll(' Q', ' CQ');
}

/** Of ASCII, which is most of what is encoded. */
const encodedAscii = new Map<string, string>();

function encodedCharacter(character: string): string {
  const known = encodedAscii.get(character);
  if (known !== undefined) return known;
  const codePoint = character.codePointAt(0) ?? 0;
  const nibbles = [...codePoint.toString(16)];
  const letters = nibbles.map((nibble) => String.fromCharCode(0x41 + Number.parseInt(nibble, 16))).join('');
  const encoded = `Q${letters}Q${/[\p{L}\p{M}\p{N}]/u.test(character) ? '' : ' '}`;
  if (codePoint < 0x80) encodedAscii.set(character, encoded);
  return encoded;
}

interface Searchable {
  readonly email: string | null;
  readonly username: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly nickname: string | null;
}

/**
 * The column that is searched: a line for each field, a space before each word. No term has a line break. It begins with a
 * space, too, which tells it from what releases before 0.3.0 wrote.
 */
export function searchColumnOf({ email, username, firstName, lastName, nickname }: Searchable): string {
  const name = [firstName, lastName].filter((part) => part !== null).join(' ');
  const fields = [...spellingsOf(email), username, name, writtenTogether(firstName, lastName), nickname];
  const folded = fields.map((field) => foldForSearch(field ?? '').trim()).filter((field) => field !== '');
  return folded.map((field) => encode(` ${field}`)).join('\n');
}

/** An address with its domain both in Unicode and as A-labels: people paste the one and type the other. */
function spellingsOf(email: string | null): string[] {
  const at = email?.lastIndexOf('@') ?? -1;
  if (email === null || at < 0) return email === null ? [] : [email];
  const [local, given] = [email.slice(0, at), email.slice(at + 1)];
  const ascii = asciiDomain(given) ?? given;
  return [...new Set([domainToUnicode(ascii) || given, ascii])].map((domain) => `${local}@${domain}`);
}

const EAST_ASIAN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

/** Family name and given name without a space, as written in Chinese, Japanese and Korean. */
function writtenTogether(firstName: string | null, lastName: string | null): string | null {
  if (firstName === null || lastName === null || !EAST_ASIAN.test(firstName + lastName)) return null;
  return `${lastName}${firstName}`.replace(/\s+/gu, '');
}

/**
 * The LIKE patterns that find a typed term in the column: one for each word, in any order. A word of one or two letters (a to z) or
 * digits only matches the beginning of a word: inside words it would match almost everybody.
 */
export function searchPatterns(term: string): string[] {
  const words = foldForSearch(term).trim().split(' ').map(encode);
  return [...new Set(words)].map((word) => (word.length < 3 ? `% ${word}%` : `%${word}%`));
}

const MAX_TERM = 100;

/** 1 to 100 characters after trimming, not all of them marks. */
export function isSearchTerm(value: unknown): boolean {
  // Long ones are not worth counting: no character has more than two code units.
  if (typeof value !== 'string' || value.length > 10 * MAX_TERM || !value.isWellFormed() || value.includes('\0')) {
    return false;
  }
  return [...value.trim()].length <= MAX_TERM && /[^\p{M}\p{Z}\s]/u.test(foldForSearch(value));
}
