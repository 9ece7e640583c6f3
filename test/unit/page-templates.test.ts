import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { loadSettings } from '../../src/config/settings.js';
import { PROBLEMS } from '../../src/problems/problem-catalogue.js';
import type { PageName } from '../../src/http/pages/page-values.js';
import { PARTIALS, Pages } from '../../src/http/pages/pages.js';
import { formatValues } from '../../src/rendering/formats.js';
import { namesIn } from '../../src/rendering/template-names.js';
import { PAGE_SAMPLES } from '../../src/operator/preview/page-samples.js';

const FOLDER = join(PACKAGE_ROOT, 'templates/pages');
const GERMAN = join(PACKAGE_ROOT, 'templates/locales/de/pages');
const NAMES = Object.keys(PAGE_SAMPLES) as PageName[];
const LOCALES = ['en', 'de'];
const ALL = LOCALES.flatMap((locale) =>
  NAMES.flatMap((name) => Object.keys(PAGE_SAMPLES[name]).map((sample) => [name, sample, locale] as const)),
);

const pages = (settings: Record<string, string> = {}) =>
  new Pages(loadSettings({ SUPPORT_EMAIL: 'help@example.com', ...settings }));
const usual = pages();
const valuesOf = (name: PageName, sample: string): object => (PAGE_SAMPLES[name] as Record<string, object>)[sample]!;

it('every file of templates/pages is a page that these tests know, and there is a German one', () => {
  const pagesIn = (folder: string) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.hbs') && !Object.values(PARTIALS).includes(file))
      .map((file) => file.slice(0, -'.hbs'.length))
      .sort();
  expect(pagesIn(FOLDER)).toEqual([...NAMES].sort());
  expect(pagesIn(GERMAN)).toEqual([...NAMES].sort());
  expect(usual.locales).toEqual(LOCALES);
});

// What a German page says in its own words, or in English where only that is there.
const OWN_WORDS: Partial<Record<PageName, RegExp>> = {
  'link-expired': /^(explanation|why\..*)$/,
  error: /^(title|code\..*)$/,
  'accept-invitation': /^weakness\./,
  'reset-password': /^weakness\./,
};

describe.each(NAMES)('the German %s', (name) => {
  it('uses the variables of the English one', () => {
    const used = (folder: string) =>
      [...namesIn(join(folder, `${name}.hbs`)).values].filter((one) => OWN_WORDS[name]?.test(one) !== true);
    expect(used(GERMAN).sort()).toEqual(used(FOLDER).sort());
  });
});

describe.each(ALL)('the page %s (%s) in the language %s', (name, sample, locale) => {
  const values = valuesOf(name, sample);
  const html = usual.page(name, values, [locale]);

  it('is a whole document of its language, with one heading and a title', () => {
    expect(html).toMatch(/^\s*<!doctype html>/i);
    expect(html).toContain(`<html lang="${locale}">`);
    expect(html.match(/<h1>/g)).toHaveLength(1);
    expect(html).toMatch(/<title>[^<]+ · Roster<\/title>/);
    expect(html).not.toMatch(/\{\{|\}\}|undefined|\[object|\bnull\b/);
  });

  it('has one script, which is a file, no style of its own, and nothing from elsewhere', () => {
    const withoutScript = html.replace('<script type="module" src="/assets/pages.js"></script>', '');
    expect(withoutScript).not.toMatch(/<(script|style|iframe|img|object|base)\b|\sstyle=|\son[a-z]+=|javascript:/i);
    const loaded = [...html.matchAll(/<link rel="(?:icon|stylesheet)" href="([^"]*)"/g)].map(([, href]) => href);
    expect(loaded).toEqual(['/assets/icon.svg', '/assets/pages.css']);
    for (const [, action] of html.matchAll(/action="([^"]*)"/g))
      expect(action).toMatch(/^\/(?:auth\/|oauth2\/|sign-|forgot-password|account)/);
  });

  it('is not made without a value that it prints, and the error names it', () => {
    const printed = Object.entries(formatValues(values, locale)).filter(
      ([, value]) => typeof value === 'string' && value.length > 3 && html.includes(value),
    );
    for (const [field] of printed) {
      const lacking = Object.fromEntries(Object.entries(values).filter(([key]) => key !== field));
      // What is shown if it is there is not missed; a title is handed on to the frame, and the token is in the address of a button.
      const optional =
        /^(requestedFrom|triedFrom|accountName|freshLinkPath|signInUrl|signInPath|continueUrl|docsPath|email|refusal|description|title|continueTo|unconfirmed|providerName|goOnUrl|signInQuery|method|totpUrl|recoveryCodeUrl)$/.test(
          field,
        );
      if (field === 'token' && sample === 'button') continue;
      // Signing out is asked for without an application as well.
      if (field === 'clientName' && name === 'openid-logout') continue;
      // The form for a new password shows it as the address of the account.
      if (field === 'newEmail' && sample === 'by-administrator') continue;
      if (!optional) expect(() => usual.page(name, lacking as never, [locale])).toThrow(field);
    }
  });
});

describe('why a password is refused', () => {
  const weaknesses = ['tooShort', 'tooLong', 'common', 'repetitive', 'knownWord', 'breached'];

  it.each(weaknesses)('is told in German when it is %s', (weakness) => {
    const values = {
      ...PAGE_SAMPLES['reset-password']['refused']!,
      refusal: 'In English.',
      weakness: { [weakness]: true },
    };
    const html = usual.page('reset-password', values as never, ['de']);
    expect(/role="alert">\s*Das Passwort (?:muss|darf)|role="alert">\s*Dieses Passwort/.test(html)).toBe(true);
    expect(html).not.toContain('In English.');
  });

  it('is told in English when nobody has translated it', () => {
    const values = { ...PAGE_SAMPLES['reset-password']['refused']!, refusal: 'In English.', weakness: { other: true } };
    expect(usual.page('reset-password', values as never, ['de'])).toContain('<span lang="en">In English.</span>');
  });
});

describe('what went wrong', () => {
  const values = { ...PAGE_SAMPLES.error['fields']!, detail: 'In English.', errors: [] };
  const page = (code: string): string => usual.page('error', { ...values, code: { [code]: true } }, ['de']);
  // What somebody can meet who follows a link, and has done nothing that is worth translating.
  const codes = ['notFound', 'tooManyRequests', 'busy', 'unavailable', 'internalError', 'methodNotAllowed'];

  it.each([...codes, 'notAuthenticated', 'forbidden', 'bodyTooLarge'])('is told in German when it is %s', (code) => {
    expect(Object.keys(PROBLEMS)).toContain(code.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
    expect(page(code)).not.toContain('In English.');
    expect(page(code)).not.toContain('lang="en"');
  });

  it('is told in English, and marked so, when nobody has translated it', () => {
    expect(page('versionConflict')).toContain('<p lang="en">In English.</p>');
  });
});

it('shows a logo in place of the name', () => {
  const html = pages({ LOGO_URL: 'https://cdn.example.com/logo.svg' }).page('unlocked', {}, ['en']);
  expect(html).toContain('<img class="logo" src="https://cdn.example.com/logo.svg" alt="Roster">');
  expect(html).not.toContain('<span class="mark"');
});
