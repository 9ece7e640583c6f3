import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { loadSettings } from '../../src/config/settings.js';
import { formatValues } from '../../src/rendering/formats.js';
import { namesIn } from '../../src/rendering/template-names.js';
import { type MailTemplate, MailTemplates, type RenderedMail } from '../../src/mail/notifications/mail-templates.js';
import { NOTIFICATION_RULES } from '../../src/mail/notifications/notification-rules.js';
import { MAIL_SAMPLES } from '../../src/operator/preview/mail-samples.js';

const FOLDER = join(PACKAGE_ROOT, 'templates/mail');
const GERMAN = join(PACKAGE_ROOT, 'templates/locales/de/mail');
const PARTS = ['subject.hbs', 'html.hbs', 'text.hbs'];
const NAMES = Object.keys(MAIL_SAMPLES) as MailTemplate[];
const LOCALES = ['en', 'de'];
const ALL = LOCALES.flatMap((locale) => NAMES.map((name) => [name, locale] as const));

/** Values that may be null: what is not known, and what is not so. */
const NULLABLE =
  /^(greetingName|accountName|requestedFrom|changedFrom|signedInFrom|usedFrom|invitedBy|providerName|label|is[A-Z]\w+|byAdministrator|gone|erasedOn)$/;
const FLAG = /^(is[A-Z]|byAdministrator|gone)/;

function mails(settings: Record<string, string> = {}): MailTemplates {
  return new MailTemplates(loadSettings({ SUPPORT_EMAIL: 'help@example.com', ...settings }));
}
const usual = mails();
const unsupported = mails({ SUPPORT_EMAIL: '' });

const samplesOf = (name: MailTemplate): object[] => Object.values<object>(MAIL_SAMPLES[name]);
const valuesOf = (name: MailTemplate): object => samplesOf(name)[0]!;

function render(name: MailTemplate, locale: string, values: object = {}, templates = usual): RenderedMail {
  return templates.render(name, { ...valuesOf(name), ...values } as never, locale);
}

/** Undefined for a mail that only tells something. */
function linksOf(values: object): string[] {
  const { link, signInUrl, devicesUrl, resetUrl } = values as Record<string, string | undefined>;
  return [link ?? signInUrl, devicesUrl, resetUrl].filter((one) => one !== undefined);
}

const tagsIn = (html: string) => html.match(/<[a-z!/][^>]*>/gi) ?? [];
const unescaped = (html: string) => html.replaceAll('&#x3D;', '=').replaceAll('&#x27;', "'").replaceAll('&amp;', '&');

const HOSTILE = {
  html: `<img src=x onerror=alert(1)><script>alert("x")</script>'"\`&amp;</td></table><!--`,
  'template syntax': '{{brand.productName}} {{{constructor}}} {{#each this}}x{{/each}} {{> layout}} ${7*7} <%= 7*7 %>',
  'line breaks': 'Ada\r\nBcc: victim@example.com\r\n\r\n<b>',
  'right to left': 'שלום \u202Ecod.exe\u202C مرحبا',
  emoji: '👩‍👩‍👧‍👦 🏳️‍🌈 \u{1F600}',
  'a very long word': 'x'.repeat(3000),
};
const { 'a very long word': _, ...ofBearableLength } = HOSTILE;
const hostile = mails({ PRODUCT_NAME: `Prod ${Object.values(ofBearableLength).join(' ')}` });

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

it('every folder of templates/mail is a template that these tests know, and there is a German one', () => {
  expect(foldersIn(FOLDER)).toEqual([...NAMES].sort());
  expect(foldersIn(GERMAN)).toEqual([...NAMES].sort());
  expect(usual.locales).toEqual(LOCALES);
});

it('every mail has a rule, but for those that are chosen when a mail leaves, and the one that is about no user', () => {
  const ruled = new Set(NOTIFICATION_RULES.map(({ mail }) => mail));
  expect([...ruled, 'email-change-taken', 'restore-account', 'webhook-disabled'].sort()).toEqual([...NAMES].sort());
});

describe.each(NAMES)('the German %s', (name) => {
  it.each(PARTS)('says in its %s what the English one says: it uses the same variables', (part) => {
    const used = (folder: string) =>
      [...namesIn(join(folder, name, part)).values].filter((one) => !/^brand\./.test(one));
    expect(existsSync(join(GERMAN, name, part))).toBe(true);
    expect(used(GERMAN).sort()).toEqual(used(FOLDER).sort());
  });
});

describe.each(ALL)('the mail %s in the language %s', (name, locale) => {
  it('has a subject of one line, an HTML part and a text part that say the same', () => {
    for (const sample of samplesOf(name)) {
      const { subject, html, text } = usual.render(name, sample as never, locale);
      expect(subject).toMatch(/^\S[^\r\n]{5,77}\S$/);
      expect(subject).toContain('Roster');
      const said = Object.entries(formatValues(sample, locale)).filter(
        ([field, value]) => value !== null && !FLAG.test(field),
      );
      for (const part of [unescaped(html), text]) {
        for (const value of [...said.map(([, value]) => value as string), 'help@example.com', 'Roster']) {
          expect(part.replace(/\s+/g, ' ')).toContain(value);
        }
        expect(part).not.toMatch(/\{\{|\}\}|undefined|\[object|\bnull\b|\byes\b/);
      }
      expect(html).toMatch(/^\s*<!doctype html>/i);
      expect(html).toContain(`<html lang="${locale}"`);
      expect(text).not.toMatch(/<[a-z/]|&[a-z]+;|&#/i);
    }
  });

  it('has its link alone on a line of the text part, and in the button', () => {
    const { html, text } = render(name, locale);
    const links = linksOf(valuesOf(name));
    expect(text.split(/\r?\n/)).toEqual(expect.arrayContaining(links));
    const hrefs = [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href?.replaceAll('&#x3D;', '='));
    expect(new Set(hrefs)).toEqual(new Set([...links, 'mailto:help@example.com']));
  });

  it('is under 100 KB, where Gmail cuts, and loads nothing from anywhere', () => {
    const { html } = render(name, locale);
    expect(Buffer.byteLength(html)).toBeLessThan(100 * 1024);
    expect(html).not.toMatch(
      /\b(src|srcset|background|action|poster|data)=|url\(|@import|<(link|script|iframe|img|object|form|base)\b/i,
    );
    expect(tagsIn(html).join()).not.toMatch(/\son[a-z]+=/i);
  });

  it('has no text line over 76 columns but the link', () => {
    const long = samplesOf(name).flatMap((sample) =>
      usual
        .render(name, sample as never, locale)
        .text.split(/\r?\n/)
        .filter((line) => line.length > 76 && !linksOf(sample).includes(line)),
    );
    expect(long).toEqual([]);
  });

  it('reads well without what may be unknown', () => {
    const unknown = Object.keys(valuesOf(name)).filter((field) => NULLABLE.test(field));
    const values = Object.fromEntries(unknown.map((field) => [field, null]));
    const { html, text } = render(name, locale, values, unsupported);
    for (const part of [html, text]) {
      expect(part).toMatch(locale === 'de' ? /Guten Tag,/ : /Hello,/);
      expect(part).not.toMatch(/\bnull\b|undefined|(From|Von)\s*<|Questions|Fragen\?/);
    }
  });

  it.each(Object.entries(HOSTILE))('holds its shape against %s in every value', (_, text) => {
    const given = Object.keys(valuesOf(name));
    const values = Object.fromEntries(given.map((field) => [field, text]));
    const ordinary = render(
      name,
      locale,
      Object.fromEntries(given.filter((f) => NULLABLE.test(f)).map((f) => [f, 'x'])),
    );
    const mail = render(name, locale, values, hostile);
    const { subject, html } = mail;
    expect(subject).not.toMatch(/[\r\n\u2028\u2029]/);
    // Not one tag more or less: the values are text.
    expect(tagsIn(html).map((tag) => tag.split(/[\s>]/, 1)[0])).toEqual(
      tagsIn(ordinary.html).map((tag) => tag.split(/[\s>]/, 1)[0]),
    );
    expect(html).not.toMatch(/<(img|script|b)\b/i);
    expect(html.includes(text)).toBe(!/[<>&"'`=]/.test(text));
    // The text part says them as they are, once, without running them.
    expect(mail.text).toContain(text);
    expect(mail.text).not.toContain('49');
  });

  it('keeps the link alone on its line whatever the name holds', () => {
    const links = linksOf(valuesOf(name));
    for (const greetingName of Object.values(HOSTILE)) {
      const lines = render(name, locale, { greetingName }).text.split(/\r?\n/);
      expect(lines).toEqual(expect.arrayContaining(links));
    }
  });

  it('is not made without any value that it needs, and the error names it', () => {
    for (const field of Object.keys(valuesOf(name)).filter((one) => !NULLABLE.test(one))) {
      const lacking = Object.fromEntries(Object.entries(valuesOf(name)).filter(([key]) => key !== field));
      expect(() => usual.render(name, lacking as never, locale)).toThrow(field);
    }
  });
});

describe('the logo', () => {
  const LOGO_URL = 'https://cdn.example.com/logo.png?v=1';
  const branded = mails({ LOGO_URL });

  it.each(ALL)('is the one thing that %s (%s) loads', (name, locale) => {
    const { html, text } = render(name, locale, {}, branded);
    const sources = [...html.matchAll(/\b(?:src|srcset|background|poster|data)="([^"]*)"/g)].map(([, url]) => url);
    expect(sources).toEqual([LOGO_URL.replace('=', '&#x3D;')]);
    expect(html).toMatch(/<img [^>]*alt="Roster"/);
    expect(text).not.toContain('cdn.example.com');
  });
});

it('a button of a light colour has dark text', () => {
  const { html } = render('verify-email', 'en', {}, mails({ BRAND_COLOR: '#ffd400' }));
  expect(html).toMatch(/<span style="color:#000000;">Confirm my email address/);
});
