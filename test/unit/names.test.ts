import { describe, expect, it } from '@jest/globals';
import { validationPipe } from '../../src/http/request/validation.js';
import { LINE } from '../../src/http/request/text-patterns.js';
import { ProfileDto } from '../../src/users/api/profile.dto.js';

const take = async (firstName: string): Promise<unknown> => {
  const taken = (await validationPipe().transform({ firstName }, { type: 'body', metatype: ProfileDto })) as ProfileDto;
  return taken.firstName;
};
const refused = (name: string) => expect(take(name)).rejects.toMatchObject({ errors: [{ path: 'firstName' }] });
const fits = (name: string): boolean => new RegExp(LINE).test(name);

describe('the name of a person', () => {
  it.each([
    ['Ada', 'Ada'],
    ['  Ada ', 'Ada'],
    ['\u00a0\u3000Ada\u2003', 'Ada'],
    ['Ada  King', 'Ada  King'],
    ['李小龙', '李小龙'],
  ])('%j is kept as %j: white space around it is cut off', async (sent, kept) => {
    expect(await take(sent)).toBe(kept);
    expect(fits(sent)).toBe(true);
  });

  it.each([
    ['Persian, with a zero-width non-joiner', 'علی\u200cرضا'],
    ['Sinhala, with a zero-width joiner', 'ශ්\u200dරී'],
    ['Japanese, with an ideographic variation', '葛\u{e0100}城'],
    ['Mongolian, with a variation selector', '\u182e\u180b\u1823'],
    ['an emoji of several', '👩‍👩‍👧‍👦'],
    ['an emoji with its presentation', '❤️'],
    ['Arabic', 'محمد'],
    ['an apostrophe and a hyphen', 'O’Neill-Núñez'],
    ['the longest', '😀'.repeat(100)],
  ])('is taken as it is in %s', async (_what, name) => {
    expect(await take(name)).toBe(name);
    expect(fits(name)).toBe(true);
  });

  it.each([
    ['an override of direction', 'Ada\u202egnik'],
    ['an isolate', '\u2066Ada\u2069'],
    ['a mark of direction', 'Ada\u200f'],
    ['a zero-width space', 'Ad\u200ba'],
    ['a soft hyphen', 'A\u00adda'],
    ['a byte order mark', '\ufeffAda'],
    ['a Hangul filler', '\u3164'],
    ['a line separator', 'Ada\u2028Bcc'],
    ['a line break at its end', 'Ada\n'],
    ['a control character', 'A\u0001da'],
    ['a delete', 'Ada\u007f'],
    ['nothing', ''],
    ['blanks', ' \u00a0\u3000'],
  ])('is refused with %s, by the API document too', async (_what, name) => {
    await refused(name);
    expect(fits(name)).toBe(false);
  });

  it.each([
    ['joiners alone', '\u200d\u200c'],
    ['a mark alone', '\u0301'],
    ['a braille blank', '\u2800'],
    ['tags', 'Ada\u{e0041}\u{e0042}'],
    ['a musical control', 'Ada\u{1d173}'],
  ])('is refused with %s', async (_what, name) => refused(name));
});
