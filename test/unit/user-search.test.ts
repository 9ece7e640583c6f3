import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ListUsers1795260000000 } from '../../migrations/1795260000000-ListUsers.js';
import { foldForSearch, isSearchTerm, searchColumnOf, searchPattern } from '../../src/users/user-search.js';

const NOBODY = { email: null, username: null, firstName: null, lastName: null, nickname: null };

/** As PostgreSQL's LIKE finds a pattern that has no wildcards but those around it. */
function finds(term: string, column: string): boolean {
  const pattern = searchPattern(term);
  expect(pattern).toMatch(/^%[A-Za-z0-9]*%$/);
  return column.includes(pattern.slice(1, -1));
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
  ])('for %s finds %s', (term, name) => {
    expect(finds(term, searchColumnOf({ ...NOBODY, firstName: name }))).toBe(true);
  });

  it('takes every character as itself', () => {
    const column = searchColumnOf({ ...NOBODY, nickname: String.raw`100%_sure\'Q` });
    for (const term of ['0%_', '%_s', String.raw`e\'`, "'q", '100%_sure']) expect(finds(term, column)).toBe(true);
    for (const term of ['1%e', '_00', '%%%', '___', 'QCF', 'PZs', 'cfz', 'QQQ'])
      expect(finds(term, column)).toBe(false);
  });

  it('finds what stands across first and last name, and nothing across other fields', () => {
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

  it('finds exactly the parts of what it is folded from', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('a', 'Q', 'Z', 'q', 'z', '%', '_', ' ', 'é', 'ß', '😀', 'A') }),
    );
    fc.assert(
      fc.property(text, text, (nickname, term) => {
        const expected = foldForSearch(nickname).includes(foldForSearch(term).trim());
        expect(finds(term, searchColumnOf({ ...NOBODY, nickname }))).toBe(expected);
      }),
    );
    fc.assert(
      fc.property(text, fc.nat(), fc.nat(), (nickname, start, length) => {
        const part = [...foldForSearch(nickname)].slice(start, start + length).join('');
        expect(finds(part, searchColumnOf({ ...NOBODY, nickname }))).toBe(true);
      }),
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
    ['ad', false],
    ['  ad  ', false],
    ['', false],
    ['   ', false],
    ['a\u0301\u0302', false],
    ['\u0301\u0302\u0303', false],
    ['a\0da', false],
    ['ada\ud800', false],
    [['ada', 'bob'], false],
    [123, false],
  ])('for %j is taken: %s', (term, taken) => expect(isSearchTerm(term)).toBe(taken));
});

describe('the migrations', () => {
  it('fill the column as Roster does', async () => {
    const text = fc.option(fc.string({ unit: 'grapheme' }));
    const users = fc.sample(
      fc.record({ email: text, username: text, firstName: text, lastName: text, nickname: text }),
      500,
    );
    users.push({ ...NOBODY, firstName: 'ÅSA-Łucja ẞ', nickname: 'ΣΟΦΟΣ İı' });
    const batches = [
      users.map(({ firstName, lastName, ...user }, id) => ({
        ...user,
        id,
        first_name: firstName,
        last_name: lastName,
      })),
      [],
    ];
    let filled: unknown;
    const query = (sql: string, values?: unknown[]) => {
      if (sql.startsWith('UPDATE')) filled = values?.[1];
      return Promise.resolve(sql.startsWith('SELECT') ? batches.shift() : undefined);
    };
    await new ListUsers1795260000000().up({ query } as never);
    // As migration SearchFaster does it by SQL.
    const replaced = (filled as string[]).map((text) => text.replace(/Q([A-P]+)Z/g, 'Q$1Q'));
    expect(replaced).toEqual(users.map(searchColumnOf));
  });
});
