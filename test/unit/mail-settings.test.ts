import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { dkimProblems, perSecond, rsaPrivateKey, senderOf, smtpServerOf } from '../../src/config/mail-settings.js';
import { loadSettings } from '../../src/config/settings.js';

const pem = (bits: number) =>
  generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const KEY = pem(2048);

describe('SMTP_URL', () => {
  it.each([
    ['smtp://127.0.0.1:2525', { host: '127.0.0.1', port: 2525, secure: false, requireTls: false, auth: undefined }],
    ['smtp://mail.example.com', { port: 587, secure: false, requireTls: false }],
    ['smtps://mail.example.com', { port: 465, secure: true, requireTls: true }],
    ['smtp://mail.example.com?requireTLS=true', { secure: false, requireTls: true }],
    ['smtp://[::1]:25/?name=accounts.example.com', { host: '::1', port: 25, name: 'accounts.example.com' }],
    ['smtps://me%40example.com:p%2Fw%3F@mail.example.com', { auth: { user: 'me@example.com', pass: 'p/w?' } }],
  ])('%s is read', (url, server) => {
    expect(smtpServerOf(url)).toMatchObject(server);
  });

  it('sends a password through TLS only, but on this machine, or where it says otherwise', () => {
    const requires = (url: string) => smtpServerOf(url).requireTls;
    expect(requires('smtp://u:p@mail.example.com')).toBe(true);
    expect(requires('smtp://u:p@mail.example.com?requireTLS=false')).toBe(false);
    expect(requires('smtp://u:p@localhost:1025')).toBe(false);
    expect(requires('smtp://u:p@127.0.0.1:1025')).toBe(false);
  });

  it.each([
    ['mail.example.com', /expected a URL/],
    ['http://mail.example.com', /expected a URL/],
    ['smtp://', /expected a URL/],
    ['smtp://mail.example.com/inbox', /only parameters after host and port/],
    ['smtp://u:p/w@mail.example.com', /./],
    ['smtp://u@mail.example.com', /both user and password/],
    ['smtp://u:%zz@mail.example.com', /%25/],
    ['smtp://mail.example.com?tls.rejectUnauthorized=false', /unknown parameter tls\.rejectUnauthorized/],
    ['smtp://mail.example.com?requireTLS=yes', /true or false/],
    ['smtp://mail.example.com?name=a%0d%0ab', /host name/],
  ])('%s ends the start', (url, message) => {
    expect(() => smtpServerOf(url)).toThrow(message);
    expect(() => loadSettings({ SMTP_URL: url })).toThrow(/SMTP_URL: /);
  });
});

describe('MAIL_FROM', () => {
  it.each([
    ['no-reply@example.com', { name: '', address: 'no-reply@example.com' }],
    ['Roster <no-reply@example.com>', { name: 'Roster', address: 'no-reply@example.com' }],
    ['Roster, Inc. <no-reply@example.com>', { name: 'Roster, Inc.', address: 'no-reply@example.com' }],
    ['"Roster, Inc." <no-reply@example.com>', { name: 'Roster, Inc.', address: 'no-reply@example.com' }],
  ])('%s is one sender', (text, sender) => {
    expect(senderOf(text)).toEqual(sender);
  });
});

describe('SMTP_RATE_LIMIT', () => {
  it('is a number a second, also a part of one', () => {
    expect(['14', '0.5', '1000'].map(perSecond)).toEqual([14, 0.5, 1000]);
    for (const bad of ['0', '-1', 'many', '1e3', '0.0']) expect(() => perSecond(bad)).toThrow(/such as 14/);
  });
});

describe('DKIM', () => {
  it('takes an RSA key on one line or several, and none that is too short (RFC 8301) or of another kind', () => {
    expect(rsaPrivateKey(KEY)).toBe(KEY);
    expect(rsaPrivateKey(KEY.replaceAll('\n', '\\n'))).toBe(KEY);
    const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    for (const bad of ['nonsense', pem(512), ed25519]) expect(() => rsaPrivateKey(bad)).toThrow(/RSA private key/);
  });

  it('has all of its settings, or none', () => {
    const problems = (given: Record<string, string>) => dkimProblems((name) => name in given);
    const whole = { DKIM_DOMAIN: 'example.com', DKIM_SELECTOR: 'mail', DKIM_PRIVATE_KEY: KEY };
    expect(problems({})).toEqual([]);
    expect(problems(whole)).toEqual([]);
    expect(problems({ DKIM_DOMAIN: 'example.com' })).toEqual([
      expect.stringMatching(/^DKIM_SELECTOR: /),
      expect.stringMatching(/^DKIM_PRIVATE_KEY: /),
    ]);
    expect(() => loadSettings({ DKIM_SELECTOR: 'mail' })).toThrow(/DKIM_DOMAIN: .*\n.*DKIM_PRIVATE_KEY: /);
  });
});
