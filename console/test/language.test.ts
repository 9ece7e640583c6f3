import { describe, expect, it } from '@jest/globals';
import { exactUtc, localeOf, relativeTime } from '../src/language/formats.js';
import { languageOf } from '../src/language/words.js';

describe('the language', () => {
  it.each([
    [['de-AT', 'en'], 'de'],
    [['fr-FR', 'de'], 'de'],
    [['en-GB'], 'en'],
    [['fr'], 'en'],
    [[], 'en'],
  ])('of a browser that prefers %j is %s', (tags, language) => {
    expect(languageOf(tags)).toBe(language);
  });

  it('is spoken as in the place that the browser names', () => {
    expect(localeOf('en', ['de-DE', 'en-GB'])).toBe('en-GB');
    expect(localeOf('de', ['en-GB'])).toBe('de');
  });
});

describe('a time', () => {
  const now = new Date('2026-11-28T12:00:00Z');

  it.each([
    ['2026-11-28T11:59:30Z', 'now'],
    ['2026-11-28T11:57:00Z', '3 minutes ago'],
    ['2026-11-28T14:00:00Z', 'in 2 hours'],
    ['2026-11-26T12:00:00Z', '2 days ago'],
    ['2025-11-27T12:00:00Z', 'last year'],
  ])('%s is "%s" at noon', (moment, said) => {
    expect(relativeTime(new Date(moment), now, 'en')).toBe(said);
  });

  it('is exact to the second in UTC', () => {
    expect(exactUtc(new Date('2026-11-28T12:00:00.123Z'))).toBe('2026-11-28 12:00:00 UTC');
  });
});
