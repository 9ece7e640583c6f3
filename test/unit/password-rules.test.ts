import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { checkPassword, type PasswordSubject, WeakPassword } from '../../src/auth/passwords/password-rules.js';

const ADA: PasswordSubject = {
  productName: 'Roster',
  email: 'ada.lovelace+news@engines.example.com',
  names: ['countess', 'Ada', 'Mary Jane Watson', null, undefined, 'Анна'],
};

function refusal(password: string, subject = ADA, minLength = 12): string {
  try {
    checkPassword(password, minLength, subject);
    return 'accepted';
  } catch (error) {
    expect(error).toBeInstanceOf(WeakPassword);
    expect(error).toMatchObject({ code: 'weak-password', errors: [{ path: 'password' }] });
    return (error as WeakPassword).message;
  }
}

afterEach(() => void jest.restoreAllMocks());

describe('the length of a password (NIST SP 800-63B-4, 3.1.1.2; ASVS 5.0 V6.2.1, V6.2.9)', () => {
  const varied = (count: number, signs = 'kbzfwqmvxtrhdgjp') =>
    Array.from({ length: count }, (_, index) => [...signs][(index * 7 + index * index) % 16]).join('');

  it('is at least the setting, in characters', () => {
    expect(refusal(varied(11))).toContain('at least 12');
    expect(refusal(varied(12))).toBe('accepted');
    expect(refusal(varied(14), ADA, 15)).toContain('at least 15');
    expect(refusal('')).toContain('at least 12');
  });

  it('is at most 128 characters; none is cut off silently', () => {
    expect(refusal(varied(128))).toBe('accepted');
    expect(refusal(varied(129))).toContain('at most 128');
  });

  it('counts code points: an emoji is one character, and 128 of them are taken', () => {
    expect(refusal('😀🎉🐢🚀🍕🎸🌵🐙🎈🔑🧩')).toContain('at least 12');
    expect(refusal('😀🎉🐢🚀🍕🎸🌵🐙🎈🔑🧩🦊')).toBe('accepted');
    expect(refusal(varied(128, '😀🎉🐢🚀🍕🎸🌵🐙🎈🔑🧩🦊🌍🎃🥑🧲'))).toBe('accepted');
  });

  it('counts after NFKC, so that accents typed apart do not make a password longer', () => {
    expect(refusal('e\u0301o\u0308a\u0300u\u0308i\u0302n\u0303')).toContain('at least 12');
  });

  it('over 1 KB is refused before any work is done on it', () => {
    const normalize = jest.spyOn(String.prototype, 'normalize');
    expect(() => checkPassword('x'.repeat(1025), 12, ADA)).toThrow('at most 128');
    expect(() => checkPassword('é'.repeat(513), 12, ADA)).toThrow('at most 128');
    expect(normalize).not.toHaveBeenCalled();
    expect(() => checkPassword('x'.repeat(1024), 12, ADA)).toThrow('at most 128');
    expect(normalize).toHaveBeenCalled();
  });
});

describe('passwords that are too common (ASVS 5.0 V6.2.4)', () => {
  it.each([
    'passwordpassword',
    'PASSWORDPASSWORD',
    '1q2w3e4r5t6y',
    'Qwertyuiop123456',
    'unbelievable',
    'ILoveYou1234!',
  ])('refuses %s', (password) => {
    expect(refusal(password)).toMatch(/too common/);
  });

  it.each(['ｐａｓｓｗｏｒｄ１２３４', '𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝𝟏𝟐𝟑𝟒'])('refuses %s, which NFKC makes a common one', (password) => {
    expect(refusal(password)).toMatch(/too common/);
  });

  it.each(['password2024!', '!!!!password!!!!', '12345monkey12345', 'dragon.......'])(
    'refuses a common one with digits and signs around it: %s',
    (password) => {
      expect(refusal(password)).toMatch(/too common/);
    },
  );

  it.each(['dragondragon', 'monkeymonkeymonkey', 'qwertyqwerty', 'Summer1Summer1'])(
    'refuses a common one in a row: %s',
    (password) => {
      expect(refusal(password)).toMatch(/too common/);
    },
  );

  it.each([
    ...['aaaaaaaaaaaa', 'abababababab', 'aaaaaabbbbbb', '............', '😀😀😀😀😀😀😀😀😀😀😀😀', 'AaAaAaAaAaAa'],
    ...['123123123123', 'abcabcabcabc', 'xkqxkqxkqxkq', 'ab1ab1ab1ab1a', 'wxyzwxyzwxyz'],
  ])('refuses repetition: %s', (password) => {
    expect(refusal(password)).toMatch(/repetition|too common/);
  });

  it.each(['abcdefghijklm', 'zyxwvutsrqpo', '456789012345', '987654321098', 'aabbccddeeff', 'абвгдежзийкл'])(
    'refuses counting: %s',
    (password) => {
      expect(refusal(password)).toMatch(/repetition|too common/);
    },
  );
});

describe('words of the product, the address and the name (ASVS 5.0 V6.2.11)', () => {
  it.each([
    ...['Roster-2024-!!', 'rosterroster1', 'lovelace1815', 'Lovelace-Abc12', 'ada.lovelace+news', 'engines_99999'],
    ...[
      '1countess1815',
      'COUNTESS!!!!!!!!!!',
      'ｒｏｓｔｅｒ!!!!!!!!',
      'ada.lovelace+news@engines.example.com',
      'xWatsonx12345',
    ],
  ])('refuses %s', (password) => {
    expect(refusal(password)).toMatch(/little more than "|too common/);
  });

  it('refuses one word of a product name of several', () => {
    const subject = { productName: 'Grand Hotel Zebrafish', names: [] };
    expect(refusal('zebrafish1234', subject)).toContain('"zebrafish"');
    expect(refusal('grand hotel zebrafish', subject)).toContain('little more than');
  });

  it.each([
    'roster of nine brown foxes',
    'lovelace wrote seven quiet notes',
    'анна любит кататься на велосипеде',
    'lovelace верная лошадь батарея',
    'watson 我每天早上喝两杯绿茶',
  ])('takes a passphrase that only contains one: %s', (password) => {
    expect(refusal(password)).toBe('accepted');
  });

  it('does not count words under four letters, which are in everything', () => {
    expect(refusal('adagio adages', { productName: 'Ada', names: ['Ada', 'Li'] })).toBe('accepted');
  });

  it('does not mind a subject of which nothing is known', () => {
    expect(refusal('nine brown foxes', { productName: '', email: null, names: [] })).toBe('accepted');
    expect(refusal('nine brown foxes', { productName: '   ', email: '@', names: ['', null] })).toBe('accepted');
  });

  it('takes what looks like a pattern in a name as plain text', () => {
    expect(refusal('nine brown foxes', { productName: '.*', email: '(.+)+@[a-z', names: ['.....', '$&$&'] })).toBe(
      'accepted',
    );
  });
});

describe('what is taken, without composition rules (ASVS 5.0 V6.2.5)', () => {
  it.each([
    ...['nine brown foxes at dawn', 'correct horse battery staple', 'lower case words only', 'ALLCAPSZEBRAWINTER'],
    ...[
      'дождь стучит по крыше',
      '我每天早上喝两杯绿茶然后跑步',
      'きょうはとてもいいてんきですね',
      '오늘은날씨가정말좋네요친구야',
    ],
    ...[
      'الجو جميل جدا هذا اليوم',
      'היום מזג האוויר נפלא',
      'आज मौसम बहुत अच्छा है',
      'วันนี้อากาศดีมากเลย',
      '🦊🌧️🚲🎹🥝🗻🐋🧭🪁🎲🧀🛶',
    ],
    ...['83920174658201', ' leading and trailing ', 'tab\tand\nnewline inside', '\0nul is\0 a character'],
  ])('takes %j', (password) => {
    expect(refusal(password)).toBe('accepted');
  });

  it('takes any random password of 16 characters', () => {
    const refused = Array.from({ length: 5000 }, () => randomBytes(12).toString('base64url')).filter(
      (password) => refusal(password) !== 'accepted',
    );
    expect(refused).toEqual([]);
  });

  it('answers only with accepted or a reason, whatever the text, in any spelling the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 140 }), (password) => {
        const answer = refusal(password);
        // A very long decomposed text may pass the byte limit.
        if (password.length < 80) expect(refusal(password.normalize('NFKC'))).toBe(answer);
      }),
      { numRuns: 500 },
    );
  });

  it('takes no long time for any password', () => {
    const started = performance.now();
    for (const unit of ['a', 'ab', 'aab', '1', '!1', 'é', 'roster']) refusal(unit.repeat(128).slice(0, 127) + 'x');
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
