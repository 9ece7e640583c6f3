import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadSettings, SECRETS, SETTINGS, SettingsError } from '../../src/config/settings.js';

type Environment = Record<string, string | undefined>;

function problemsOf(environment: Environment): readonly string[] {
  try {
    loadSettings(environment);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as SettingsError).problems;
  }
}

const namesOf = (environment: Environment) => problemsOf(environment).map((problem) => problem.split(':', 1)[0]);

const ALL = Object.keys(SETTINGS);

/** What production asks for. */
const GOOD = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://roster:x@db/roster',
  SECRET_KEY: 'q8Zt0vJmXw2LkR7sYb4NcHd1PfGa6UeT9iOh3xKr5VzW',
  SMTP_URL: 'smtps://u:p@smtp.example.com',
  MAIL_FROM: 'Roster <no-reply@accounts.example.com>',
  PUBLIC_URL: 'https://accounts.example.com',
  ADMIN_EMAIL: 'ops@example.com',
};

describe('a secret in a file', () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'roster-secrets-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  const inFile = (text: string | Uint8Array): string => {
    const file = join(folder, 'secret');
    writeFileSync(file, text);
    return file;
  };

  it('is taken as if it were given, without the line break at its end', () => {
    const SECRET_KEY = 'q8Zt0vJmXw2LkR7sYb4NcHd1PfGa6UeT9iOh3xKr5VzW';
    const fromFile = loadSettings({ SECRET_KEY_FILE: inFile(`${SECRET_KEY}\n`) });
    expect(fromFile).toEqual(loadSettings({ SECRET_KEY }));
    const url = 'postgres://roster:hunter2@db/roster';
    expect(loadSettings({ DATABASE_URL: ' ', DATABASE_URL_FILE: inFile(url) }).DATABASE_URL).toBe(url);
  });

  it('may be every secret, which are all that hold a password, a key or a token', () => {
    const plain = ['PUBLIC_URL', 'MAGIC_LINK_URL', 'LOGO_URL', 'KAFKA_TLS_KEY', 'GITHUB_URL', 'GITHUB_API_URL'];
    const secrets = ALL.filter(
      (name) => /(?:PASSWORD|SECRET|TOKEN|KEY|URL|HEADERS)$/.test(name) && !plain.includes(name),
    );
    expect([...SECRETS].sort()).toEqual(secrets.sort());
    for (const name of SECRETS) {
      expect(problemsOf({ [`${name}_FILE`]: join(folder, 'missing') })).toContain(
        `${name}_FILE: the file cannot be read (ENOENT)`,
      );
    }
  });

  it('is refused with a sentence that does not repeat it when it is empty, wrong, or given twice', () => {
    expect(problemsOf({ SECRET_KEY_FILE: inFile('hunter2') })).toEqual([
      'SECRET_KEY: expected at least 32 bytes; generate one with: openssl rand -base64 48',
    ]);
    expect(problemsOf({ SECRET_KEY_FILE: inFile(' \n') })).toEqual(['SECRET_KEY_FILE: the file is empty']);
    const twice = { SECRET_KEY: 'k3yZ'.repeat(12), SECRET_KEY_FILE: inFile('k3yZ'.repeat(12)) };
    expect(problemsOf(twice)).toEqual(['SECRET_KEY_FILE: set either it or SECRET_KEY, not both']);
  });

  it('is taken byte for byte or refused, whatever wrote the file', () => {
    const SECRET_KEY = 'q8Zt0vJmXw2LkR7sYb4NcHd1PfGa6UeT9iOh3xKr5VzW';
    const expected = loadSettings({ SECRET_KEY });
    for (const text of [`\uFEFF${SECRET_KEY}\r\n`, `${SECRET_KEY}\n\n`, `  ${SECRET_KEY}`]) {
      expect(loadSettings({ SECRET_KEY_FILE: inFile(text) })).toEqual(expected);
    }
    const noText =
      'SECRET_KEY_FILE: the file is not text in UTF-8; for random bytes, write them in Base64 or hexadecimal digits';
    const utf16 = Buffer.from(`\uFEFF${SECRET_KEY}`, 'utf16le');
    // All of these bytes would become one and the same character.
    const random = Uint8Array.from({ length: 48 }, (_, index) => 0x80 + index);
    for (const bytes of [utf16, utf16.subarray(2), random]) {
      expect(problemsOf({ SECRET_KEY_FILE: inFile(bytes) })).toEqual([noText]);
    }
  });

  it('is not looked for in a folder, a device or a file that is too large', () => {
    expect(problemsOf({ SECRET_KEY_FILE: folder })).toEqual(['SECRET_KEY_FILE: the file cannot be read (EISDIR)']);
    const tooLarge = 'SECRET_KEY_FILE: the file is larger than 65536 bytes';
    for (const file of ['/dev/zero', inFile('k'.repeat(65_537))]) {
      expect(problemsOf({ SECRET_KEY_FILE: file })).toEqual([tooLarge]);
    }
    expect(problemsOf({ SECRET_KEY_FILE: inFile('k3yZ'.repeat(16_384)) })).toEqual([]);
  });

  it('counts for production as given, and is named once when its file is missing', () => {
    const { SECRET_KEY, ...rest } = GOOD;
    expect(problemsOf({ ...rest, SECRET_KEY_FILE: inFile(SECRET_KEY) })).toEqual([]);
    expect(namesOf({ ...rest, SECRET_KEY_FILE: join(folder, 'missing') })).toEqual(['SECRET_KEY_FILE']);
  });
});
