/** Letters that no decomposition takes apart, as people type them who do not have the key. */
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

/** What spellings have in common that differ in case, accents, width or the kind of space: NFKD without its marks. */
export function foldForSearch(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(SPECIAL, (letter) => LETTERS[letter] ?? letter)
    .replace(/\s+/gu, ' ');
}

/**
 * Writes folded text in ASCII letters and digits alone: `a_b` becomes `aQFPQb`. PostgreSQL's trigrams are made of what the
 * database's locale calls a letter, so that `%_%`, or Greek in a database of locale C, would have none and be searched for row
 * by row. Parts stay parts: capitals stand nowhere else, and a Q that ends is never followed by one that is not a Q. And
 * nothing is left that means something to LIKE. Q, since trigrams know no case: with a letter that stands before others in
 * names, as Z does, the index would take every word of a name that begins with `da` for a `zda`.
 */
function encode(folded: string): string {
  return folded.replace(/[^a-z0-9]/gu, (character) => {
    const nibbles = [...(character.codePointAt(0) ?? 0).toString(16)];
    return `Q${nibbles.map((nibble) => String.fromCharCode(0x41 + Number.parseInt(nibble, 16))).join('')}Q`;
  });
}

interface Searchable {
  readonly email: string | null;
  readonly username: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly nickname: string | null;
}

/** The column that is searched. Line breaks part the fields, and no term has one: nothing is found across two fields. */
export function searchColumnOf({ email, username, firstName, lastName, nickname }: Searchable): string {
  // First and last name are one field: people search for both.
  const name = [firstName, lastName].filter((part) => part !== null).join(' ');
  const fields = [email, username, name, nickname].filter((field) => field !== null && field !== '');
  return encode(fields.map((field) => foldForSearch(field ?? '')).join('\n'));
}

/** The LIKE pattern that finds a term, as typed, in the column. */
export function searchPattern(term: string): string {
  return `%${encode(foldForSearch(term).trim())}%`;
}

const MIN_TERM = 3;
const MAX_TERM = 100;

/** 3 to 100 characters but for spaces around them, of which three are left when accents are not counted. */
export function isSearchTerm(value: unknown): boolean {
  // Long ones are not worth counting: no character has more than two code units.
  if (typeof value !== 'string' || value.length > 10 * MAX_TERM || !value.isWellFormed() || value.includes('\0')) {
    return false;
  }
  const typed = [...value.trim()].length;
  return typed >= MIN_TERM && typed <= MAX_TERM && [...foldForSearch(value).trim()].length >= MIN_TERM;
}
