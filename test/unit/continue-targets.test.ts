import { describe, expect, it } from '@jest/globals';
import { loadSettings } from '../../src/config/settings.js';
import { ContinueTargets, withContinue } from '../../src/http/pages/continue-targets.js';

const targets = new ContinueTargets(
  loadSettings({
    PUBLIC_URL: 'https://accounts.example.com',
    SIGN_IN_REDIRECTS: 'https://app.example.com, https://staging.example.com:8443',
  }),
);

// Each would lead a browser to another host, or to nowhere, from a page that compares the beginning of the text.
const HOSTILE = [
  ...[
    '//evil.example',
    '///evil.example',
    '////evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
  ],
  ...[
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    '/ /evil.example',
    '/\r\n/evil.example',
  ],
  ...[
    'https:evil.example',
    'https:/evil.example',
    'https:///evil.example',
    'http:evil.example',
    'https:\\\\evil.example',
  ],
  ...['https://evil.example', 'HTTPS://EVIL.EXAMPLE', 'ftp://app.example.com/', 'https://app.example.com.evil.example'],
  ...[
    'https://app.example.com@evil.example',
    'https://app.example.com:443@evil.example',
    'https://user:pw@app.example.com',
  ],
  ...[
    'https://user@app.example.com/',
    'https://app.example.com%40evil.example',
    'https://app.example.com\\.evil.example',
  ],
  ...[
    'https://app.example.com:8443/',
    'https://staging.example.com/',
    'http://app.example.com/',
    'https://app.example.com:80',
  ],
  ...['https://app.example.com#@evil.example'.replace('#', '\\'), 'https://evil.example#https://app.example.com'],
  ...['https://evil.example/https://app.example.com', 'https://evil.example?u=https://app.example.com'],
  ...[
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
  ],
  ...[
    'blob:https://app.example.com/1',
    'vbscript:x',
    'file:///etc/passwd',
    'about:blank',
    'view-source:https://app.example.com',
  ],
  ...[
    '/\0evil',
    '/account\0',
    'https://app.example.com\0.evil.example',
    '/account\r\nSet-Cookie: a=b',
    '/a%0d%0a\r\nx',
  ],
  ...[
    'https://app。example。com',
    'https://app．example．com.evil.example',
    'https://аpp.example.com',
    '/\u2028/evil.example',
  ],
  ...['/.//evil.example', '/..//evil.example', '/account/..//evil.example', '/%2e//evil.example', '/./\\evil.example'],
  ...[
    'account',
    'account/',
    './account',
    '../account',
    '?continue=/account',
    '#account',
    '',
    ' ',
    '*',
    'app.example.com',
  ],
  ...[
    'mailto:ada@example.com',
    'https://',
    'https://?',
    'https://[',
    'https://app.example.com:99999',
    `/${'a'.repeat(2000)}`,
  ],
];

describe('where ?continue= may lead', () => {
  it.each(HOSTILE)('is not %j', (given) => {
    expect(targets.check(given)).toBeNull();
  });

  it.each([
    ['/', '/'],
    ['/account', '/account'],
    ['/account/devices?x=1#y', '/account/devices?x=1#y'],
    ['/account?to=//evil.example', '/account?to=//evil.example'],
    ['/%2F%2Fevil.example', '/%2F%2Fevil.example'],
    ['/@evil.example', '/@evil.example'],
    ['/a/../account', '/account'],
    ['https://accounts.example.com/account', '/account'],
    ['https://accounts.example.com:443/', '/'],
    ['https://app.example.com', 'https://app.example.com/'],
    ['HTTPS://APP.EXAMPLE.COM/Start?x=1', 'https://app.example.com/Start?x=1'],
    ['https://app.example.com:443/a', 'https://app.example.com/a'],
    ['https://staging.example.com:8443/a', 'https://staging.example.com:8443/a'],
  ])('is %s', (given, target) => {
    expect(targets.check(given)).toBe(target);
  });

  it('is nowhere if it is not given, and then no link carries it', () => {
    expect(targets.check(undefined)).toBeNull();
    expect(withContinue('/sign-in', null)).toBe('/sign-in');
    expect(withContinue('/sign-in', '/account?a=b&c')).toBe('/sign-in?continue=%2Faccount%3Fa%3Db%26c');
  });

  it('is as a browser would take it: what is let through stays at an allowed origin', () => {
    const allowed = ['https://accounts.example.com', 'https://app.example.com', 'https://staging.example.com:8443'];
    for (const given of [
      ...HOSTILE,
      ...HOSTILE.map((one) => encodeURI(one.toWellFormed())),
      ...HOSTILE.map((one) => `/${one}`),
    ]) {
      const target = targets.check(given);
      if (target !== null) expect(allowed).toContain(new URL(target, 'https://accounts.example.com').origin);
    }
  });
});
