import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadSettings, type SettingsError } from '../../src/config/settings.js';

function problemsOf(environment: Record<string, string>): string[] {
  try {
    loadSettings(environment);
    return [];
  } catch (error) {
    return (error as SettingsError).problems.slice();
  }
}

const CORP = { PROVIDERS: 'corp', CORP_ISSUER: 'https://sso.example.com/realms/staff', CORP_CLIENT_ID: 'roster' };

describe('the settings of providers', () => {
  it('know presets, and take the rest from names that begin with the id', () => {
    const { providers } = loadSettings({
      ...CORP,
      PROVIDERS: 'google, corp',
      GOOGLE_CLIENT_ID: 'g',
      GOOGLE_CLIENT_SECRET: 's',
      CORP_NAME: 'Corp & Co',
      TRUSTED_EMAIL_PROVIDERS: 'google',
    });
    expect(providers).toMatchObject([
      { id: 'google', preset: 'google', name: 'Google', issuer: 'https://accounts.google.com', isTrusted: true },
      { id: 'corp', preset: null, name: 'Corp & Co', issuer: CORP.CORP_ISSUER, clientId: 'roster', isTrusted: false },
    ]);
    expect(providers.map(({ clientSecret }) => clientSecret())).toEqual(['s', null]);
    expect(JSON.stringify(providers)).not.toContain('"s"');
  });

  it('are named all at once where they are wrong', () => {
    expect(problemsOf({ PROVIDERS: 'google,corp,apple', TRUSTED_EMAIL_PROVIDERS: 'github' })).toEqual(
      [
        'TRUSTED_EMAIL_PROVIDERS: entry 1 is not in PROVIDERS',
        ...['GOOGLE_CLIENT_SECRET', 'GOOGLE_CLIENT_ID', 'CORP_ISSUER', 'CORP_CLIENT_ID'].map(required),
        ...['APPLE_TEAM_ID', 'APPLE_KEY_ID', 'APPLE_PRIVATE_KEY', 'APPLE_CLIENT_ID'].map(required),
      ].sort((one, other) => order(one) - order(other)),
    );
  });

  it.each(['Corp', 'corp!', 'password', 'corp,corp', '-corp'])('refuse PROVIDERS=%s', (PROVIDERS) => {
    expect(problemsOf({ PROVIDERS })[0]).toMatch(/^PROVIDERS: /);
  });

  it('have names of no other settings', () => {
    expect(problemsOf({ PROVIDERS: 'product', PRODUCT_ISSUER: 'https://a.example', PRODUCT_CLIENT_ID: 'a' })).toEqual([
      'PROVIDERS: the settings of entry 1 would include PRODUCT_NAME, which is another one; choose another id',
    ]);
  });

  it.each([
    ['http://sso.example.com', 'starts with http://'],
    ['https://localhost:8443', 'on this machine'],
    ['https://127.0.0.1', 'on this machine'],
    ['https://user:secret@sso.example.com', 'without user and password'],
    ['https://sso.example.com?tenant=a', 'without query'],
    ['ftp://sso.example.com', 'https://'],
  ])('refuse %s in production', (CORP_ISSUER, why) => {
    const found = problemsOf({ ...CORP, CORP_ISSUER, NODE_ENV: 'production' }).find((one) => one.startsWith('CORP_'));
    expect(found).toContain(why);
    expect(found).not.toContain('secret@');
  });

  it('allow loopback by http outside production', () => {
    expect(problemsOf({ ...CORP, CORP_ISSUER: 'http://127.0.0.1:9000' })).toEqual([]);
  });

  it('take the secret from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'roster-'));
    try {
      writeFileSync(join(folder, 'secret'), 'from a file\n');
      const { providers } = loadSettings({ ...CORP, CORP_CLIENT_SECRET_FILE: join(folder, 'secret') });
      expect(providers[0]?.clientSecret()).toBe('from a file');
      expect(problemsOf({ ...CORP, CORP_CLIENT_SECRET_FILE: join(folder, 'missing') })).toEqual([
        'CORP_CLIENT_SECRET_FILE: the file cannot be read (ENOENT)',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const required = (name: string): string => `${name}: required because PROVIDERS names this provider`;

/** As they are found. */
function order(problem: string): number {
  const names = [
    ...['TRUSTED', 'GOOGLE_CLIENT_SECRET', 'GOOGLE_CLIENT_ID', 'CORP_ISSUER', 'CORP_CLIENT_ID'],
    ...['APPLE_TEAM_ID', 'APPLE_KEY_ID', 'APPLE_PRIVATE_KEY', 'APPLE_CLIENT_ID'],
  ];
  return names.findIndex((name) => problem.startsWith(name));
}
