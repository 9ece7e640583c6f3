import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressKey, checkUsername, usernameKey } from '../../src/users/identifiers.js';
import { InvalidUsername } from '../../src/users/user-errors.js';

const escaped = (text: string) => text.replace(/[^ -~]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16) ?? ''}}`);
const named = (texts: string[]) => texts.map((text) => [escaped(text), text] as const);

describe('what two spellings of a username have in common (UAX #31, PRECIS RFC 8265)', () => {
  it.each([
    ['case', 'Ada', 'aDA'],
    ['sharp s and ss', 'straße', 'STRASSE'],
    ['capital sharp s', 'STRAẞE', 'straße'],
    ['final sigma', 'ΟΔΟΣ', 'οδοσ'],
    ['ligatures', 'ﬁona', 'fiona'],
    ['full width', 'ａｄａ', 'ada'],
    ['composed and decomposed', 'Zoe\u0308', 'zoë'],
    ['mathematical letters', '𝐚𝐝𝐚', 'ada'],
    ['Kelvin sign', '\u212Ael', 'kel'],
    ['long s', 'ſam', 'sam'],
    ['dotless i', 'ıda', 'IDA'],
    ['dotted capital I', 'İda', 'ida'],
    ['a dot that is drawn over a dot', 'admi\u0307n', 'admin'],
    ['two such dots', 'admi\u0307\u0307n', 'admin'],
  ])('%s: %s and %s are one name', (_, left, right) => {
    expect(usernameKey(left)).toBe(usernameKey(right));
  });

  it.each([
    ['an accent', 'zoë', 'zoe'],
    ['a letter', 'ada', 'adb'],
    ['a dot above that can be seen', 'a\u0307da', 'ada'],
    ['a separator', 'a.da', 'ada'],
  ])('%s keeps names apart: %s and %s', (_, left, right) => {
    expect(usernameKey(left)).not.toBe(usernameKey(right));
  });

  it('is a fixed point for every letter, mark and number, and one for all cases of a letter', () => {
    const wrong: string[] = [];
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
      const sign = String.fromCodePoint(codePoint);
      if (!/[\p{L}\p{M}\p{N}]/u.test(sign)) continue;
      const key = usernameKey(sign);
      const spellings = [key, sign.toLowerCase(), sign.toUpperCase(), sign.normalize('NFKC'), sign.normalize('NFD')];
      if (spellings.some((spelling) => usernameKey(spelling) !== key)) wrong.push(escaped(sign));
    }
    expect(wrong).toEqual([]);
  });

  it('is a fixed point for whole names', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (name) => {
        const key = usernameKey(name);
        expect(usernameKey(key)).toBe(key);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what a username may be', () => {
  it.each([
    ...['ada', 'ada.lovelace', 'a-b_c', '007', 'x'.repeat(32), 'Zoë', 'Straße', 'ﬁona', 'Łukasz', 'ıda', 'Nguyễn'],
    ...['Ада', 'Ελένη', '李小龍', 'ユーザー', 'たなか', '田中ken', '김철수', 'محمد', 'محمد٣', 'משה', 'राम३', 'สมชาย'],
    '𠮷'.repeat(32),
  ])('takes %s', (name) => {
    expect(() => checkUsername(name)).not.toThrow();
  });

  it.each(named(['ada@example.com', 'ada＠example.com', 'ada﹫example.com', '@ada', 'ada@']))(
    'is never an address: %s',
    (_, name) => {
      expect(() => checkUsername(name)).toThrow(InvalidUsername);
    },
  );

  it.each(
    named([
      ...[
        '',
        'ab',
        'x'.repeat(33),
        '𠮷'.repeat(33),
        '𠮷𠮷',
        ' ada',
        'ada ',
        'a da',
        '.ada',
        '-ada',
        '_ada',
        '\u0301ada',
      ],
      ...['a/b', 'a\\b', 'a?b', 'a%00', '<b>ada', "ada'--", 'ada\n', 'ada\0', 'ada\r\nX: y', 'ada😀', 'a,da', 'ada:x'],
    ]),
  )('refuses %s by its shape', (_, name) => {
    expect(() => checkUsername(name)).toThrow(InvalidUsername);
  });

  it('counts code points after NFKC, not UTF-16 units', () => {
    expect(() => checkUsername('𠮷野家')).not.toThrow();
    expect(() => checkUsername('ﬃ')).not.toThrow();
    expect(() => checkUsername('a\u0301e\u0301')).toThrow(InvalidUsername);
  });

  it.each(
    named([
      ...['ad\u200Bmin', 'ad\u200Cmin', 'ad\u200Dmin', 'ad\u2060min', '\uFEFFadmin', 'ad\u00ADmin', 'admin\u034F'],
      ...[
        'admin\uFE0F',
        'admin\u{E0101}',
        'admin\u180B',
        'admin\u115F',
        '\u115F\u115F\u115F',
        'admin\u3164',
        '\uFFA0\uFFA0ab',
      ],
    ]),
  )('refuses a character that nobody can see: %s', (_, name) => {
    expect(() => checkUsername(name)).toThrow(InvalidUsername);
  });

  it.each(named(['ad\u202Emin', 'ad\u202Amin', 'ad\u2066min\u2069', 'ad\u200Fmin', 'ad\u061Cmin']))(
    'refuses a character that turns the direction of text (Trojan Source): %s',
    (_, name) => {
      expect(() => checkUsername(name)).toThrow(InvalidUsername);
    },
  );

  it.each(
    named([
      ...['аdmin', 'admіn', 'аdа', 'αdmin', 'adminο', 'раypal', 'Ꭺda', 'Աda', 'ада\u0061', 'ελενa', 'ოda', 'adaא'],
      ...['r००t', 'ro٠t', 'ada๐', 'राम٣', 'ߋoo'],
    ]),
  )('refuses scripts that are not written together (UTS #39): %s', (_, name) => {
    expect(() => checkUsername(name)).toThrow(InvalidUsername);
  });

  it('names the field and says why', () => {
    try {
      checkUsername('a');
      throw new Error('taken');
    } catch (error) {
      expect(error).toMatchObject({ code: 'validation-failed', errors: [{ path: 'username' }] });
      expect((error as InvalidUsername).errors[0]?.message).toContain('3 to 32');
    }
  });

  it('whatever is taken has no white space, control, format or invisible character and 3 to 32 code points', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 2, maxLength: 6 }), (name) => {
        try {
          checkUsername(name);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidUsername);
          return;
        }
        expect(name.normalize('NFKC')).toMatch(/^[^\p{C}\p{Z}\p{S}\p{DI}@<>&"'\\/]{3,32}$/u);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what two spellings of an address have in common', () => {
  it('compares without case, outer blanks and Unicode form, and without more', () => {
    expect(addressKey(' Ada@Example.COM ')).toBe('ada@example.com');
    expect(addressKey('zoe\u0308@example.com')).toBe(addressKey('ZOË@example.com'));
    // Providers' own rules, such as Gmail's dots, are nobody's business here.
    expect(addressKey('a.da+x@example.com')).not.toBe(addressKey('ada@example.com'));
  });

  it.each([
    ['dotless i', 'mıke@example.com', 'mike@example.com'],
    ['full width', 'ａda@example.com', 'ada@example.com'],
    ['long s', 'ſam@example.com', 'sam@example.com'],
    ['sharp s', 'straße@example.com', 'strasse@example.com'],
    ['ligature', 'ﬁona@example.com', 'fiona@example.com'],
    ['zero width', 'a\u200Bda@example.com', 'ada@example.com'],
    ['Cyrillic', 'аda@example.com', 'ada@example.com'],
  ])('never makes one of two mailboxes that only look alike: %s', (_, left, right) => {
    expect(addressKey(left)).not.toBe(addressKey(right));
  });
});
