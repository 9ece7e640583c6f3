import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { loadSettings, SettingsError } from '../../src/config/settings.js';
import { Pages } from '../../src/http/pages.js';
import { MailTemplates } from '../../src/mail/mail-templates.js';

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
  requestedAt: 'now',
  requestedFrom: null,
  link: 'https://x.example',
  expiresIn: '1 day',
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
  ])('%s stops the start', (_, file, text, message) => {
    put(file, text);
    const start = file.startsWith('mail') ? mails : pages;
    expect(start).toThrow(SettingsError);
    expect(start).toThrow(message);
  });

  it('needs the folder that the setting names', () => {
    const nowhere = loadSettings({ TEMPLATES_DIR: join(folder, 'nowhere') });
    expect(() => new Pages(nowhere)).toThrow(/TEMPLATES_DIR: .*nowhere is no folder/);
  });
});
