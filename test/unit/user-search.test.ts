import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KeyMailboxes1795301000000 } from '../../migrations/1795301000000-KeyMailboxes.js';
import { addressKey } from '../../src/users/aggregate/identifiers.js';
import { foldForSearch, isSearchTerm, searchColumnOf, searchPatterns } from '../../src/users/aggregate/search-text.js';

const NOBODY = { email: null, username: null, firstName: null, lastName: null, nickname: null };

/** As PostgreSQL's LIKE finds patterns that have no wildcards but those around them. */
function finds(term: string, column: string): boolean {
  const patterns = searchPatterns(term);
  for (const pattern of patterns) expect(pattern).toMatch(/^%[A-Za-z0-9 ]+%$/);
  return patterns.every((pattern) => column.includes(pattern.slice(1, -1)));
}

describe('a search', () => {
  it.each([
    ['josé', 'Jose'],
    ['jose', 'JOSE\u0301'],
    ['JOSÉ', 'josé'],
    ['strasse', 'Straße'],
    ['STRAẞE', 'strasse'],
    ['Soren', 'Søren'],
    ['łukasz', 'LUKASZ'],
    ['dinh', 'Đinh'],
    ['DIYARBAKIR', 'Diyarbakır'],
    ['istanbul', 'İstanbul'],
    ['οδος', 'ΟΔΟΣ'],
    ['ΣΟΦΟ', 'σοφός'],
    ['ёлка', 'елка'],
    ['ａｄａ', 'Ada'],
    ['e\u0301e\u0301e\u0301', 'éée'],
    ['김민수', '김민수'],
    ["o'b", "O'Brien"],
    ['a  b c', 'a b\u00a0c'],
    ['Li', 'Li'],
    ['l', 'Lê'],
    ['7', 'Agent 7'],
    ['an', "O'An"],
    ['王', '王伟'],
    ['伟', '王伟'],
    ['рома', 'Роман'],
    ['राम', 'राम'],
    ['रोम', 'रोम'],
    ['สมชาย', 'สมชาย'],
    ['محمد', 'مُحَمَّد'],
    ['דוד', 'דָּוִד'],
    ['ガンダム', 'ｶﾞﾝﾀﾞﾑ'],
    ['Андрей', 'АНДРЕЙ'],
    ['Nguyen', 'Nguyễn'],
  ])('for %s finds %s', (term, name) => {
    expect(finds(term, searchColumnOf({ ...NOBODY, firstName: name }))).toBe(true);
  });

  it.each([
    ['राम', 'रोम'],
    ['रम', 'राम'],
    ['かき', 'がき'],
    ['ハン', 'パン'],
    ['Андреи', 'Андрей'],
    ['กา', 'กี'],
    ['李龙', '李小龙'],
    // In the midst of a word one or two letters are none's.
    ['li', 'Elisabeth'],
    ['b', 'Abe'],
  ])('for %s does not find %s', (term, name) => {
    expect(finds(term, searchColumnOf({ ...NOBODY, firstName: name }))).toBe(false);
  });

  it.each([
    ['lovelace ada', 'Ada', 'Lovelace'],
    ['LOV ad', 'Ada', 'Lovelace'],
    ['l a', 'Ada', 'Lovelace'],
    ['李小龙', '小龙', '李'],
    ['李 小龙', '小龙', '李'],
    ['小龙 李', '小龙', '李'],
    ['山田太郎', '太郎', '山田'],
    ['김민수', '민수', '김'],
  ])('for %s finds who has the first name %s and the last name %s', (term, firstName, lastName) => {
    expect(finds(term, searchColumnOf({ ...NOBODY, firstName, lastName }))).toBe(true);
  });

  it.each([
    'max@müller.example',
    'max@MULLER.example',
    'müller',
    'max@xn--mller-kva.example',
    'xn--ml',
    'example',
    'ma',
  ])('for %s finds an address, whichever way its domain is written', (term) => {
    for (const email of ['Max@müller.example', 'max@xn--mller-kva.example'])
      expect(finds(term, searchColumnOf({ ...NOBODY, email }))).toBe(true);
  });

  it('takes every character as itself', () => {
    const column = searchColumnOf({ ...NOBODY, nickname: String.raw`100%_sure\'Q` });
    for (const term of ['%', '0%_', '%_s', String.raw`e\'`, "'q", '100%_sure']) expect(finds(term, column)).toBe(true);
    for (const term of ['1%e', '_00', '%%%', '___', 'QCF', 'PZs', 'cfz', 'QQQ', 'z'])
      expect(finds(term, column)).toBe(false);
  });

  it('finds what stands across first and last name, and no word across two fields', () => {
    const column = searchColumnOf({
      ...NOBODY,
      email: 'ada@x.example',
      username: 'countess',
      firstName: 'Ada',
      lastName: 'King',
    });
    expect(finds('ada king', column)).toBe(true);
    expect(finds('example\ncountess', column)).toBe(false);
    expect(finds('examplecountess', column)).toBe(false);
  });

  it('finds exactly those who have every word of the term, a short one at the beginning of a word', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('a', 'Q', 'Z', 'q', 'z', '%', '_', ' ', 'é', 'ß', '😀', 'A', '李') }),
    );
    const has = (folded: string, word: string): boolean =>
      /^[a-z0-9]{1,2}$/.test(word)
        ? new RegExp(`(^|[^\\p{L}\\p{M}\\p{N}])${word}`, 'u').test(folded)
        : folded.includes(word);
    fc.assert(
      fc.property(text, text, (nickname, term) => {
        fc.pre(isSearchTerm(term));
        const words = foldForSearch(term).trim().split(' ');
        const expected = words.every((word) => has(foldForSearch(nickname).trim(), word));
        expect(finds(term, searchColumnOf({ ...NOBODY, nickname }))).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['ada', true],
    [' ada ', true],
    ['a😀b', true],
    ['김민수', true],
    ['x'.repeat(100), true],
    ['x'.repeat(101), false],
    ['x'.repeat(10_000), false],
    ['ad', true],
    ['  a  ', true],
    ['李', true],
    ['_', true],
    ['', false],
    ['   ', false],
    ['a\u0301\u0302', true],
    ['\u200b', false],
    ['\u0301\u0302\u0303', false],
    ['a\0da', false],
    ['ada\ud800', false],
    [['ada', 'bob'], false],
    [123, false],
  ])('for %j is taken: %s', (term, taken) => expect(isSearchTerm(term)).toBe(taken));
});

describe('the migration', () => {
  it('fills the column, and makes keys of addresses, as Roster does', async () => {
    const text = fc.option(fc.string({ unit: 'grapheme' }));
    const users = fc.sample(
      fc.record({ email: text, username: text, firstName: text, lastName: text, nickname: text }),
      500,
    );
    users.push(
      { ...NOBODY, firstName: 'ÅSA-Łucja ẞ', nickname: 'ΣΟΦΟΣ İı й ガ राम מָ' },
      { ...NOBODY, email: '\u212aIM@mül\u00adler.example', firstName: '小 龙', lastName: '李' },
    );
    const rows = users.map(({ firstName, lastName, ...user }, id) => ({
      ...user,
      id,
      first_name: firstName,
      last_name: lastName,
    }));
    const batches = [rows];
    let filled: unknown[] = [];
    const query = (sql: string, values?: unknown[]) => {
      if (sql.startsWith('INSERT INTO rewritten')) filled = values ?? [];
      return Promise.resolve(sql.startsWith('SELECT id, email, username') ? (batches.shift() ?? []) : []);
    };
    await new KeyMailboxes1795301000000().up({ query } as never);
    expect(filled[1]).toEqual(users.map(({ email }) => email && addressKey(email)));
    expect(filled[2]).toEqual(users.map(searchColumnOf));
  });
});
