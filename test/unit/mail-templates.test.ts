import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { loadSettings } from '../../src/config/settings.js';
import { type MailTemplate, MailTemplates, type MailValues, type RenderedMail } from '../../src/mail/mail-templates.js';

const LINK = `https://accounts.example.com/auth/verify-email?token=${'A-_9'.repeat(22)}`;
const SHARED = {
  greetingName: 'Ada',
  requestedAt: '1 January 2026, 12:00 UTC',
  requestedFrom: 'Firefox on Linux, 203.0.113.5',
};
const INVITED = { greetingName: 'Ada', requestedAt: SHARED.requestedAt, invitedBy: 'Grace Hopper' };
const CHANGED = { greetingName: SHARED.greetingName, changedAt: SHARED.requestedAt };
/** Ordinary values of every template; a template without an entry does not compile. */
const VALUES: MailValues = {
  'verify-email': { ...SHARED, link: LINK, expiresIn: '24 hours' },
  invitation: { ...INVITED, link: LINK, expiresIn: '7 days' },
  'confirm-contact': {
    greetingName: SHARED.greetingName,
    requestedAt: SHARED.requestedAt,
    link: LINK,
    expiresIn: '24 hours',
  },
  'account-locked': { ...SHARED, link: LINK, expiresIn: '24 hours' },
  'already-registered': { ...SHARED, signInUrl: 'https://accounts.example.com' },
  'reset-password': { ...SHARED, link: LINK, expiresIn: '30 minutes' },
  'magic-link': { ...SHARED, link: LINK, expiresIn: '15 minutes' },
  'confirm-email-change': {
    greetingName: SHARED.greetingName,
    requestedAt: SHARED.requestedAt,
    link: LINK,
    expiresIn: '24 hours',
  },
  'email-change-taken': { greetingName: SHARED.greetingName, requestedAt: SHARED.requestedAt },
  'email-change-requested': { ...SHARED, newEmail: 'countess@example.com' },
  'email-changed': { ...CHANGED, newEmail: 'countess@example.com' },
  'password-changed': { ...CHANGED, changedFrom: SHARED.requestedFrom },
  'session-reused': SHARED,
  'webhook-disabled': {
    greetingName: SHARED.greetingName,
    webhook: 'https://crm.example.com/hooks',
    gone: null,
    failingSince: SHARED.requestedAt,
    lastError: 'answered 410',
    disabledAt: SHARED.requestedAt,
  },
  'sign-in-method-removed': { ...CHANGED, methodName: 'Email address or username, and password' },
};
const NAMES = Object.keys(VALUES) as MailTemplate[];
/** Undefined for a mail that only tells something. */
const linkOf = (name: MailTemplate): string | undefined => {
  const values = VALUES[name];
  if ('link' in values) return values.link;
  return 'signInUrl' in values ? values.signInUrl : undefined;
};
const NULLABLE = ['greetingName', 'requestedFrom', 'changedFrom', 'invitedBy', 'gone'];
const whereFrom = (name: MailTemplate) =>
  ['requestedFrom', 'changedFrom', 'invitedBy'].flatMap(
    (field) => Object.entries(VALUES[name]).find(([key]) => key === field)?.[1] ?? [],
  );

function mails(settings: Record<string, string> = {}): MailTemplates {
  return new MailTemplates(loadSettings({ SUPPORT_EMAIL: 'help@example.com', ...settings }));
}

function render(name: MailTemplate, values: object = {}, settings: Record<string, string> = {}): RenderedMail {
  return mails(settings).render(name, { ...VALUES[name], ...values });
}

const tagsIn = (html: string) => html.match(/<[a-z!/][^>]*>/gi) ?? [];

const HOSTILE = {
  html: `<img src=x onerror=alert(1)><script>alert("x")</script>'"\`&amp;</td></table><!--`,
  'template syntax': '{{brand.productName}} {{{constructor}}} {{#each this}}x{{/each}} {{> layout}} ${7*7} <%= 7*7 %>',
  'line breaks': 'Ada\r\nBcc: victim@example.com\r\n\r\n<b>',
  'right to left': 'שלום \u202Ecod.exe\u202C مرحبا',
  emoji: '👩‍👩‍👧‍👦 🏳️‍🌈 \u{1F600}',
  'a very long word': 'x'.repeat(3000),
};

it('every folder of templates/mail is a template that these tests know', () => {
  const folders = readdirSync(join(PACKAGE_ROOT, 'templates/mail'), { withFileTypes: true });
  expect(
    folders
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...NAMES].sort());
});

describe.each(NAMES)('the mail %s', (name) => {
  it('has a subject of one line, an HTML part and a text part that say the same', () => {
    const { subject, html, text } = render(name);
    expect(subject).toMatch(/^\S[^\r\n]{5,77}\S$/);
    expect(subject).toContain('Roster');
    for (const part of [html, text]) {
      for (const value of ['Ada', SHARED.requestedAt, ...whereFrom(name), 'help@example.com', 'Roster']) {
        expect(part).toContain(value);
      }
      expect(part).not.toMatch(/\{\{|\}\}|undefined|\[object|\bnull\b/);
    }
    expect(html).toMatch(/^\s*<!doctype html>/i);
    expect(text).not.toMatch(/<[a-z/]|&[a-z]+;|&#/i);
  });

  it('has its link alone on a line of the text part, and in the button', () => {
    const { html, text } = render(name);
    const link = linkOf(name) ?? [];
    expect(text.split(/\r?\n/)).toEqual(expect.arrayContaining([link].flat()));
    const hrefs = [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href?.replaceAll('&#x3D;', '='));
    expect(new Set(hrefs)).toEqual(new Set([link, 'mailto:help@example.com'].flat()));
  });

  it('is under 100 KB, where Gmail cuts, and loads nothing from anywhere', () => {
    const { html } = render(name);
    expect(Buffer.byteLength(html)).toBeLessThan(100 * 1024);
    expect(html).not.toMatch(
      /\b(src|srcset|background|action|poster|data)=|url\(|@import|<(link|script|iframe|img|object|form|base)\b/i,
    );
    expect(tagsIn(html).join()).not.toMatch(/\son[a-z]+=/i);
  });

  it('has no text line over 76 columns but the link', () => {
    const long = render(name)
      .text.split(/\r?\n/)
      .filter((line) => line.length > 76 && line !== linkOf(name));
    expect(long).toEqual([]);
  });

  it('reads well without what may be unknown', () => {
    const { html, text } = render(
      name,
      { greetingName: null, requestedFrom: null, changedFrom: null, invitedBy: null },
      { SUPPORT_EMAIL: '' },
    );
    for (const part of [html, text]) {
      expect(part).toContain('Hello,');
      expect(part).not.toMatch(/\bnull\b|undefined|From\s*<|Questions/);
    }
  });

  it.each(Object.entries(HOSTILE))('holds its shape against %s in every value', (_, hostile) => {
    const values = Object.fromEntries(Object.keys(VALUES[name]).map((field) => [field, hostile]));
    const ordinary = render(name);
    const { subject, html, text } = render(name, values, { PRODUCT_NAME: `Prod ${hostile}` });
    expect(subject).not.toMatch(/[\r\n\u2028\u2029]/);
    // Not one tag more or less: the values are text.
    expect(tagsIn(html).map((tag) => tag.split(/[\s>]/, 1)[0])).toEqual(
      tagsIn(ordinary.html).map((tag) => tag.split(/[\s>]/, 1)[0]),
    );
    expect(html).not.toMatch(/<(img|script|b)\b/i);
    expect(html.includes(hostile)).toBe(!/[<>&"'`=]/.test(hostile));
    // The text part says them as they are, once, without running them.
    expect(text).toContain(hostile);
    expect(text).not.toContain('49');
  });

  it('keeps the link alone on its line whatever the name holds', () => {
    const link = [linkOf(name) ?? []].flat();
    for (const hostile of Object.values(HOSTILE)) {
      expect(render(name, { greetingName: hostile }).text.split(/\r?\n/)).toEqual(expect.arrayContaining(link));
    }
  });

  it.each(Object.keys(VALUES[name]).filter((field) => !NULLABLE.includes(field)))(
    'is not made without %s, and the error names it',
    (field) => {
      const lacking = Object.fromEntries(Object.entries(VALUES[name]).filter(([key]) => key !== field));
      expect(() => mails().render(name, lacking as never)).toThrow(field);
    },
  );
});
