import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressKey, checkUsername, identifierKey, usernameKey } from '../../src/users/aggregate/identifiers.js';
import { isAddress } from '../../src/users/aggregate/is-address.js';
import { InvalidUsername } from '../../src/users/aggregate/user-errors.js';

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
    expect(addressKey('zoe\u0308@example.com')).toBe(addressKey('zoë@example.com'));
    // Providers' own rules, such as Gmail's dots, are nobody's business here.
    expect(addressKey('a.da+x@example.com')).not.toBe(addressKey('ada@example.com'));
  });

  it.each(
    named([
      ...['max@xn--mller-kva.example', 'MAX@XN--MLLER-KVA.EXAMPLE', 'max@MÜLLER.example', 'max@mu\u0308ller.example'],
      ...['max@mül\u00adler.example', 'max@müller\u3002example', 'max@müller\uff0eexample', 'max@müller\uff61example'],
      ...['max@ｍüller.example', 'max@müller.example.', 'max@mül\u200bler.example'],
    ]),
  )('knows max@müller.example as one mailbox (UTS #46): %s', (_, spelling) => {
    expect(addressKey(spelling)).toBe('max@xn--mller-kva.example');
  });

  it.each([
    ['dotless i', 'mıke@example.com', 'mike@example.com'],
    ['full width', 'ａda@example.com', 'ada@example.com'],
    ['long s', 'ſam@example.com', 'sam@example.com'],
    ['Kelvin sign', '\u212Aim@example.com', 'kim@example.com'],
    ['Kelvin sign and K', '\u212Aim@example.com', 'Kim@example.com'],
    ['sharp s', 'straße@example.com', 'strasse@example.com'],
    ['sharp s in the domain', 'ada@straße.example', 'ada@strasse.example'],
    ['case beyond ASCII', 'ÖZ@example.com', 'öz@example.com'],
    ['ligature', 'ﬁona@example.com', 'fiona@example.com'],
    ['zero width', 'a\u200Bda@example.com', 'ada@example.com'],
    ['Cyrillic', 'аda@example.com', 'ada@example.com'],
    ['Cyrillic in the domain', 'ada@аpple.example', 'ada@apple.example'],
    ['what a URL ends at', 'ada@example.com/x', 'ada@example.com'],
    ['what a URL decodes', 'ada@exam%70le.com', 'ada@example.com'],
  ])('never makes one of two mailboxes that only look alike: %s', (_, left, right) => {
    expect(addressKey(left)).not.toBe(addressKey(right));
  });

  it('is a fixed point, and one for all ways to write the same text', () => {
    const parts = fc.constantFrom(
      ...['a', 'A', 'k', 'K', '\u212a', 'é', 'É', 'ß', 'ẞ', 'ı', 'İ', '@', '.', '-', '\u00ad', '\u200d', '\u3002'],
      ...['m', 'ü', 'l', 'xn--', 'e\u0301', '٣', '李'],
    );
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ unit: parts, maxLength: 12 }));
    fc.assert(
      fc.property(text, (address) => {
        const key = addressKey(address);
        expect(addressKey(key)).toBe(key);
        if (!/[\u212a\u037e\u1fef]/.test(address)) expect(addressKey(address.normalize('NFD'))).toBe(key);
      }),
      { numRuns: 5000 },
    );
  });

  it('is that of whatever somebody signs in by', () => {
    expect(identifierKey('Max@MÜLLER.example')).toBe('max@xn--mller-kva.example');
    expect(identifierKey('Straße')).toBe(usernameKey('STRASSE'));
  });
});

describe('what an address may be', () => {
  it.each(
    named([
      ...[
        'ada@example.com',
        'a.da+x@example.com',
        "o'brien@example.com",
        'max@müller.example',
        'max@xn--mller-kva.example',
      ],
      ...[
        '用户@例子.广告',
        'ada@例子\u3002中国',
        'zoë@example.com',
        '\u212Aim@example.com',
        `${'a'.repeat(64)}@example.com`,
      ],
    ]),
  )('takes %s', (_, address) => {
    expect(isAddress(address)).toBe(true);
  });

  it.each(
    named([
      ...['ada', 'ada@', '@example.com', 'ada@localhost', 'a b@example.com', 'ada@example.com.', 'a@b,c@example.com'],
      ...[
        'ada@exam%70le.com',
        'ada@example.com/x',
        'ada@127.0.0.1',
        'ada@127.²²',
        'ada@xn--a.example',
        'ada@-a.example',
      ],
      // What cannot be seen.
      ...['max@mül\u00adler.example', 'a\u200bda@example.com', 'ada@exam\u200dple.com', 'a\u3164da@example.com'],
      ...['ada\ufe0f@example.com', 'ada\u2800@example.com', 'ada\u0080@example.com', 'ada\ue000@example.com'],
      // What turns the direction of text.
      ...['ada\u202e@example.com', 'ada@ex\u2066ample.com', 'ada\u200f@example.com', 'ada\u061c@example.com'],
      // Longer than it looks: 254 octets are counted as they travel.
      ...[`${'a'.repeat(65)}@example.com`, `a@${'ü'.repeat(60)}.example`, `a@${'ü.'.repeat(100)}example`],
      'ada@example.com\ud800',
    ]),
  )('refuses %s', (_, address) => {
    expect(isAddress(address)).toBe(false);
  });
});
