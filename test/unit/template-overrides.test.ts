import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { loadSettings, SettingsError } from '../../src/config/settings.js';
import { Duration } from '../../src/rendering/formats.js';
import { Pages } from '../../src/http/pages/pages.js';
import { MailTemplates } from '../../src/mail/notifications/mail-templates.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roster-templates-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}
const settings = () => loadSettings({ TEMPLATES_DIR: folder });
const mails = () => new MailTemplates(settings());
const pages = () => new Pages(settings());

const VALUES = {
  greetingName: 'Ada',
  requestedAt: new Date('2026-01-21T09:14:00Z'),
  requestedFrom: null,
  accountName: null,
  link: 'https://x.example',
  expiresIn: new Duration(86_400_000),
  providerName: null,
};

describe('a file in TEMPLATES_DIR', () => {
  it('replaces the one of the same name, and no other', () => {
    put('mail/verify-email/subject.hbs', 'Welcome to {{brand.productName}}, {{greetingName}}');
    put('pages/pages.css', ':root { --brand: #1f5eff; } /* ours */');
    const { subject, text } = mails().render('verify-email', VALUES);
    expect(subject).toBe('Welcome to Roster, Ada');
    expect(text).toContain('Thank you for signing up');
    expect(pages().stylesheet()).toContain('/* ours */');
  });

  it('may be any of the shipped ones, unchanged', () => {
    cpSync(join(PACKAGE_ROOT, 'templates'), folder, { recursive: true });
    mails();
    pages();
  });

  it.each([
    [
      'that replaces nothing',
      'mail/verify-emial/text.hbs',
      'x',
      /verify-emial\/text\.hbs replaces nothing; there are /,
    ],
    ['that is broken', 'mail/verify-email/text.hbs', '{{#if link}}', /text\.hbs cannot be read: Parse error/],
    [
      'with a misspelt name',
      'mail/verify-email/text.hbs',
      '{{lnik}}',
      /uses \{\{lnik\}\}; there are .*expiresIn.*link/,
    ],
    ['with one in a branch', 'mail/verify-email/text.hbs', '{{#if link}}{{else}}{{x}}{{/if}}', /uses \{\{x\}\}/],
    ['with a value of another mail', 'mail/already-registered/text.hbs', '{{link}}', /uses \{\{link\}\}/],
    ['that asks for a helper', 'pages/error.hbs', '{{shout title}}', /uses \{\{shout\}\}/],
    ['that lacks a part of the layout', 'mail/verify-email/text.hbs', '{{#> layout}}{{/layout}}', /partial reason/],
    ['that asks for another partial', 'pages/error.hbs', '{{> footer}}', /error\.hbs does not render: .*footer/],
    ['that is a layout with a misspelt name', 'pages/layout.hbs', '{{titel}}', /layout\.hbs uses \{\{titel\}\}/],
    [
      'with a misspelt name in another language',
      'locales/de/mail/verify-email/text.hbs',
      '{{lnik}}',
      /locales\/de\/mail\/verify-email\/text\.hbs uses \{\{lnik\}\}; there are /,
    ],
    [
      'of a language that is none',
      'locales/de_AT/pages/error.hbs',
      'x',
      /TEMPLATES_DIR: locales\/de_AT is no language/,
    ],
    ['of a language that is written otherwise', 'locales/DE/pages/error.hbs', 'x', /locales\/DE is no language/],
    [
      'that is a style sheet for a language',
      'locales/de/pages/pages.css',
      'x',
      /de\/pages\/pages\.css replaces nothing/,
    ],
    [
      'that leaves a mail in two languages',
      'locales/fr/mail/verify-email/subject.hbs',
      'x',
      /TEMPLATES_DIR: locales\/fr\/mail\/verify-email lacks html\.hbs and text\.hbs/,
    ],
    [
      'that does not render',
      'locales/fr/pages/error.hbs',
      '{{> footer}}',
      /locales\/fr\/pages\/error\.hbs does not render/,
    ],
  ])('%s stops the start', (_, file, text, message) => {
    put(file, text);
    const start = file.includes('mail/') ? mails : pages;
    expect(start).toThrow(SettingsError);
    expect(start).toThrow(message);
  });

  it('may replace a part of a mail in a language, or of a region of it', () => {
    put('locales/de/mail/verify-email/subject.hbs', 'Servus {{greetingName}}');
    put('locales/de-AT/mail/verify-email/text.hbs', 'Im {{requestedAt}}');
    const german = mails().render('verify-email', VALUES, 'de');
    expect(german.subject).toBe('Servus Ada');
    expect(german.text).toContain('vielen Dank');
    const austrian = mails().render('verify-email', VALUES, 'de-AT');
    expect(austrian.subject).toBe('Servus Ada');
    expect(austrian.text).toBe('Im 21. Jänner 2026, 09:14 UTC');
    expect(austrian.html).toContain('<html lang="de-AT"');
  });

  it('may be of a language that is not shipped; what that lacks is in English', () => {
    put('locales/fr/mail/verify-email/subject.hbs', 'Bonjour');
    put('locales/fr/mail/verify-email/text.hbs', 'Lien: {{link}}, {{expiresIn}}');
    put('locales/fr/mail/verify-email/html.hbs', '<p lang="{{lang}}">{{link}}</p>');
    const french = mails().render('verify-email', VALUES, 'fr-CA');
    expect(french.text.replace(/\s/g, ' ')).toBe('Lien: https://x.example, 24 heures');
    expect(french.html).toBe('<p lang="fr">https://x.example</p>');
    expect(mails().render('reset-password', { ...VALUES, isSuspended: null }, 'fr-CA').html).toContain(
      '<html lang="en"',
    );
  });

  it('needs the folder that the setting names', () => {
    const nowhere = loadSettings({ TEMPLATES_DIR: join(folder, 'nowhere') });
    expect(() => new Pages(nowhere)).toThrow(/TEMPLATES_DIR: .*nowhere is no folder/);
  });
});
