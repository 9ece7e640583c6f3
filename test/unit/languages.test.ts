import { describe, expect, it } from '@jest/globals';
import { acceptedLanguages, canonical, lookupOrder } from '../../src/rendering/languages.js';
import { templatesOf } from '../../src/rendering/template-overrides.js';

describe('what a browser says its user reads', () => {
  it.each([
    ['de-AT,de;q=0.9,en;q=0.8', ['de-AT', 'de', 'en']],
    ['en;q=0.5, de', ['de', 'en']],
    ['de;q=0, en', ['en']],
    ['*', []],
    ['fr;q=2, de;q=x, en;q=0.1', ['en']],
    ['de-at', ['de-AT']],
    ['../../etc, <script>, de', ['de']],
    ['', []],
    [undefined, []],
  ])('%j is %j', (header, tags) => {
    expect(acceptedLanguages(header)).toEqual(tags);
  });

  it('is read to its tenth language, however many there are', () => {
    expect(acceptedLanguages(`${'xx,'.repeat(10_000)}de`)).toHaveLength(10);
  });
});

describe('a language tag', () => {
  it('is looked up from the whole to its language', () => {
    expect(lookupOrder('zh-Hant-TW')).toEqual(['zh-Hant-TW', 'zh-Hant', 'zh']);
  });

  it('counts without its extensions, and not at all when it is none', () => {
    expect(canonical('de-at-u-ca-islamic')).toBe('de-AT');
    expect(canonical('../de')).toBeUndefined();
  });
});

describe('the language that somebody is spoken to in', () => {
  const files = templatesOf('mail', { TEMPLATES_DIR: undefined });

  it.each([
    [['de'], { locale: 'de', format: 'de' }],
    [['de-AT'], { locale: 'de', format: 'de-AT' }],
    [['en-US'], { locale: 'en', format: 'en-US' }],
    [['fr', 'de'], { locale: 'de', format: 'de' }],
    [['fr', 'en-GB', 'de'], { locale: 'en', format: 'en-GB' }],
    [['fr'], { locale: 'en', format: 'en' }],
    [['not a tag'], { locale: 'en', format: 'en' }],
    [[], { locale: 'en', format: 'en' }],
  ])('of %j is %j', (wanted, language) => {
    expect(files.languageOf('verify-email', wanted)).toEqual(language);
  });
});
