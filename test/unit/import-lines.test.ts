import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { checkPerson } from '../../src/auth/user-import/person-rules.js';
import { runImport } from '../../src/auth/user-import/import-run.js';
import type { ImportWriter, Written } from '../../src/auth/user-import/import-writer.js';
import { LineFault, type SourceLine } from '../../src/auth/user-import/source-person.js';
import type { Source } from '../../src/auth/user-import/sources.js';
import { openSource } from '../../src/auth/user-import/sources/open-source.js';
import { csvLine } from '../../src/users/export/csv.js';

const SIGNER = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==';
const hashConfig = { signerKey: SIGNER, saltSeparator: 'Bw==', rounds: 8, memoryCost: 14 };

/** In chunks of a few bytes, so that everything is cut somewhere. */
function bytes(content: string | Buffer, size = 7): AsyncIterable<Buffer> {
  const all = Buffer.from(content as string);
  const places = Array.from({ length: Math.ceil(all.length / size) }, (_, place) => place * size);
  return Readable.from(places.map((at) => Buffer.from(all.subarray(at, at + size))));
}

async function outcomes(source: Source, content: string | Buffer, size?: number): Promise<string[]> {
  const isOurs = source === 'csv' || source === 'ndjson';
  const lines = openSource(source, bytes(content, size), { hashConfig, now: 0 }, { unknown: () => undefined });
  const all: string[] = [];
  for await (const one of lines) all.push(`${one.line} ${outcomeOf(one, isOurs)}`);
  return all;
}

function outcomeOf({ person, fault }: SourceLine, isOurs: boolean): string {
  if (!person) return fault?.code ?? 'nothing';
  try {
    return checkPerson(person, isOurs).email ?? 'no address';
  } catch (error) {
    if (error instanceof LineFault) return error.code;
    throw error;
  }
}

const json = (given: object): string => JSON.stringify({ externalId: 'x', email: 'a@example.com', ...given });
const keycloak = (given: object): string => JSON.stringify({ users: [{ id: 'x', email: 'a@example.com', ...given }] });
const password = (secretData: unknown, credentialData: unknown) => ({
  credentials: [{ type: 'password', secretData, credentialData }],
});
const auth0 = (custom: object): string =>
  JSON.stringify([{ user_id: 'auth0|x', email: 'a@example.com', custom_password_hash: custom }]);
const hashed = (value: string, encoding = 'hex') => ({ hash: { value, encoding } });
const HEX = 'ab'.repeat(32);

const WRONG: readonly (readonly [string, Source, string | Buffer, string])[] = [
  // The form of the line.
  ['no JSON', 'ndjson', 'hello', 'malformed-json'],
  ['half a line of JSON', 'ndjson', '{"email":', 'malformed-json'],
  ['a list', 'ndjson', '[]', 'malformed-json'],
  ['a number', 'ndjson', '7', 'malformed-json'],
  ['null', 'ndjson', 'null', 'malformed-json'],
  ['a string', 'ndjson', '"a@example.com"', 'malformed-json'],
  ['a trailing comma', 'ndjson', '{"email":"a@example.com",}', 'malformed-json'],
  ['single quotes', 'ndjson', "{'email':'a@example.com'}", 'malformed-json'],
  ['two objects', 'ndjson', '{"email":"a@example.com"}{"email":"b@example.com"}', 'malformed-json'],
  ['Latin-1', 'ndjson', Buffer.from('{"email":"a@example.com","firstName":"Zo\xeb"}', 'latin1'), 'not-utf8'],
  ['UTF-16', 'ndjson', Buffer.from('{"email":"a@example.com"}', 'utf16le'), 'malformed-json'],
  ['overlong UTF-8', 'ndjson', Buffer.from([0x7b, 0xc0, 0xaf, 0x7d]), 'not-utf8'],
  ['two megabytes', 'ndjson', json({ bio: 'x'.repeat(2 ** 21) }), 'line-too-long'],
  ['too few cells', 'csv', 'email,username\na@example.com', 'wrong-number-of-cells'],
  ['too many cells', 'csv', 'email,username\na@example.com,b,c', 'wrong-number-of-cells'],
  ['a quote inside a cell', 'csv', 'email,firstName\na@example.com,A"b"', 'malformed-csv'],
  ['text after a quote', 'csv', 'email,firstName\na@example.com,"A"b', 'malformed-csv'],
  ['a quote that stays open', 'csv', 'email,firstName\na@example.com,"A', 'unterminated-quote'],
  ['Latin-1 in CSV', 'csv', Buffer.from('email,firstName\na@example.com,Zo\xeb', 'latin1'), 'not-utf8'],
  ['semicolons', 'csv', 'email,username\na@example.com;b', 'wrong-number-of-cells'],
  ['a megabyte of CSV', 'csv', `email,bio\na@example.com,"${'x'.repeat(2 ** 21)}"`, 'line-too-long'],
  // Who it is.
  ['nothing', 'ndjson', '{}', 'nameless-user'],
  ['empty values', 'ndjson', '{"email":"","username":"","firstName":""}', 'nameless-user'],
  ['nulls', 'ndjson', '{"email":null}', 'nameless-user'],
  ['an id alone', 'ndjson', '{"externalId":"7"}', 'nameless-user'],
  ['a name without an id', 'ndjson', '{"firstName":"Ada"}', 'invalid-field'],
  ['an address without @', 'ndjson', json({ email: 'ada' }), 'invalid-email'],
  ['an address without a domain', 'ndjson', json({ email: 'ada@' }), 'invalid-email'],
  ['an address without a dot', 'ndjson', json({ email: 'ada@host' }), 'invalid-email'],
  ['two addresses', 'ndjson', json({ email: 'a@example.com,b@example.com' }), 'invalid-email'],
  ['an address with a name', 'ndjson', json({ email: 'Ada <a@example.com>' }), 'invalid-email'],
  ['a quoted address', 'ndjson', json({ email: '"a b"@example.com' }), 'invalid-email'],
  ['an address with a line break', 'ndjson', json({ email: 'a@example.com\nBcc: b@example.com' }), 'invalid-email'],
  ['an address with a NUL', 'ndjson', json({ email: 'a\0@example.com' }), 'invalid-email'],
  ['an invisible character', 'ndjson', json({ email: 'a\u200b@example.com' }), 'invalid-email'],
  ['half a surrogate', 'ndjson', '{"externalId":"x","email":"a\\ud800@example.com"}', 'invalid-email'],
  ['300 characters', 'ndjson', json({ email: `${'a'.repeat(300)}@example.com` }), 'invalid-email'],
  ['an IP address', 'ndjson', json({ email: 'a@[127.0.0.1]' }), 'invalid-email'],
  ['a number for an address', 'ndjson', json({ email: 7 }), 'invalid-email'],
  ['a list of addresses', 'ndjson', json({ email: ['a@example.com'] }), 'invalid-field'],
  ['an object for an address', 'ndjson', json({ email: { value: 'a@example.com' } }), 'invalid-field'],
  ['true for an address', 'ndjson', json({ email: true }), 'invalid-field'],
  ['a short username', 'ndjson', json({ username: 'ab' }), 'invalid-username'],
  ['a long username', 'ndjson', json({ username: 'a'.repeat(40) }), 'invalid-username'],
  ['a username that is an address', 'ndjson', json({ username: 'a@example.com' }), 'invalid-username'],
  ['a username with a blank', 'ndjson', json({ username: 'ada l' }), 'invalid-username'],
  ['a username of two scripts', 'ndjson', json({ username: 'аdа-ada' }), 'invalid-username'],
  ['a megabyte of username', 'ndjson', json({ username: 'a'.repeat(1_000_000) }), 'invalid-username'],
  ['an id of two lines', 'ndjson', json({ externalId: 'a\nb' }), 'invalid-field'],
  ['an id of 300 characters', 'ndjson', json({ externalId: 'a'.repeat(300) }), 'invalid-field'],
  ['an id that is an object', 'ndjson', json({ externalId: {} }), 'invalid-field'],
  ['an id with a NUL', 'ndjson', json({ externalId: 'a\0' }), 'invalid-field'],
  ['an id with half a surrogate', 'ndjson', '{"externalId":"\\ud800","email":"a@example.com"}', 'invalid-field'],
  // What is said of them.
  ['a long name', 'ndjson', json({ firstName: 'a'.repeat(101) }), 'invalid-field'],
  ['a name of two lines', 'ndjson', json({ firstName: 'a\nb' }), 'invalid-field'],
  ['a blank name', 'ndjson', json({ lastName: ' ' }), 'invalid-field'],
  ['a name turned round', 'ndjson', json({ nickname: 'a\u202eb' }), 'invalid-field'],
  [
    'a name with half a surrogate',
    'ndjson',
    '{"externalId":"x","email":"a@example.com","firstName":"\\ud800"}',
    'invalid-field',
  ],
  ['a long bio', 'ndjson', json({ bio: 'a'.repeat(2001) }), 'invalid-field'],
  ['a bio with a NUL', 'ndjson', json({ bio: 'a\0' }), 'invalid-field'],
  ['a picture over http', 'ndjson', json({ pictureUrl: 'http://example.com/a.png' }), 'invalid-field'],
  ['a picture that is a script', 'ndjson', json({ pictureUrl: 'javascript:alert(1)' }), 'invalid-field'],
  ['a picture with a password', 'ndjson', json({ pictureUrl: 'https://a:b@example.com/a.png' }), 'invalid-field'],
  ['a locale of words', 'ndjson', json({ locale: 'english please' }), 'invalid-field'],
  ['a locale with an underscore', 'ndjson', json({ locale: 'en_GB' }), 'invalid-field'],
  ['a local number', 'ndjson', json({ phone: '0151 12345678' }), 'invalid-field'],
  ['an impossible number', 'ndjson', json({ phone: '+1234' }), 'invalid-field'],
  ['another site for GitHub', 'ndjson', json({ githubUrl: 'https://example.com/ada' }), 'invalid-field'],
  [
    'another site for LinkedIn',
    'ndjson',
    json({ linkedinUrl: 'https://linkedin.com.example.com/in/ada' }),
    'invalid-field',
  ],
  ['an unknown role', 'ndjson', json({ role: 'ROOT' }), 'invalid-field'],
  ['a role in small letters', 'ndjson', json({ role: 'admin' }), 'invalid-field'],
  ['the role of nobody', 'ndjson', json({ role: 'ANONYMOUS' }), 'invalid-field'],
  ['a list of roles', 'ndjson', json({ role: ['ADMIN'] }), 'invalid-field'],
  ['perhaps verified', 'ndjson', json({ emailVerified: 'perhaps' }), 'invalid-field'],
  ['verified by an object', 'ndjson', json({ emailVerified: {} }), 'invalid-field'],
  ['somebody deleted', 'ndjson', json({ status: 'DELETED' }), 'invalid-field'],
  ['a registration that waits', 'ndjson', json({ status: 'PENDING' }), 'invalid-field'],
  ['a secret that is no Base32', 'ndjson', json({ totpSecret: '0189' }), 'invalid-field'],
  ['a secret of 5 bytes', 'ndjson', json({ totpSecret: 'MFRGGZDF' }), 'invalid-field'],
  // How they sign in.
  ['a plain password', 'ndjson', json({ passwordHash: 'secret' }), 'hash-unsupported'],
  ['a bcrypt hash cut off', 'ndjson', json({ passwordHash: '$2b$10$abc' }), 'hash-unsupported'],
  ['bcrypt of cost 31', 'ndjson', json({ passwordHash: `$2b$31$${'a'.repeat(53)}` }), 'hash-too-costly'],
  ['$2x$', 'ndjson', json({ passwordHash: `$2x$10$${'a'.repeat(53)}` }), 'hash-unsupported'],
  ['SHA-512 crypt', 'ndjson', json({ passwordHash: '$6$salt$hash' }), 'hash-unsupported'],
  [
    'argon2 of a gigabyte',
    'ndjson',
    json({ passwordHash: '$argon2id$v=19$m=1048576,t=3,p=1$c29tZXNhbHRvZg$aGFzaGhhc2hoYXNoaGFzaA' }),
    'hash-too-costly',
  ],
  [
    'argon2 of version 16',
    'ndjson',
    json({ passwordHash: '$argon2i$v=16$m=4096,t=3,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaA' }),
    'hash-unsupported',
  ],
  [
    'argon2 with a key',
    'ndjson',
    json({ passwordHash: '$argon2id$v=19$m=4096,t=3,p=1,keyid=Zm9v$c29tZXNhbHQ$aGFzaA' }),
    'hash-unsupported',
  ],
  [
    'PBKDF2 of MD4',
    'ndjson',
    json({ passwordHash: '$pbkdf2-sha999$1000$c2FsdA$aGFzaGhhc2hoYXNoaGFzaA' }),
    'hash-unsupported',
  ],
  ['a hash that is an object', 'ndjson', json({ passwordHash: {} }), 'invalid-field'],
  ['a hash of a megabyte', 'ndjson', json({ passwordHash: `{SSHA}${'A'.repeat(900_000)}` }), 'hash-malformed'],
  [
    'a hash for nobody',
    'ndjson',
    JSON.stringify({ externalId: 'x', firstName: 'Ada', passwordHash: `$2b$10$${'a'.repeat(53)}` }),
    'invalid-field',
  ],
  ['MD4 of Auth0', 'auth0', auth0({ algorithm: 'md4', ...hashed(HEX) }), 'hash-unsupported'],
  ['an algorithm of nobody', 'auth0', auth0({ algorithm: 'rot13', ...hashed(HEX) }), 'hash-unsupported'],
  ['no algorithm', 'auth0', auth0(hashed(HEX)), 'hash-unsupported'],
  [
    'passwords in UTF-16',
    'auth0',
    auth0({ algorithm: 'md5', ...hashed(HEX), password: { encoding: 'utf16le' } }),
    'hash-unsupported',
  ],
  ['a hash in base58', 'auth0', auth0({ algorithm: 'sha256', ...hashed(HEX, 'base58') }), 'hash-unsupported'],
  [
    'an HMAC without a key',
    'auth0',
    auth0({ algorithm: 'hmac', hash: { value: HEX, encoding: 'hex', digest: 'sha256' } }),
    'hash-malformed',
  ],
  [
    'scrypt of a gigabyte',
    'auth0',
    auth0({ algorithm: 'scrypt', cost: 2 ** 20, salt: { value: 'salt' }, ...hashed(HEX) }),
    'hash-too-costly',
  ],
  ['credentials of Keycloak that are no JSON', 'keycloak', keycloak(password('{', '{}')), 'invalid-field'],
  [
    'an algorithm of another Keycloak',
    'keycloak',
    keycloak(password('{"value":"aGFzaA==","salt":"c2FsdA=="}', '{"algorithm":"sha1"}')),
    'hash-unsupported',
  ],
  [
    'credentials without a hash',
    'keycloak',
    keycloak(password('{}', '{"algorithm":"pbkdf2-sha256","hashIterations":1}')),
    'hash-malformed',
  ],
  [
    'iterations without end',
    'keycloak',
    keycloak(
      password(
        `{"value":"${'A'.repeat(44)}","salt":"c2FsdA=="}`,
        '{"algorithm":"pbkdf2-sha256","hashIterations":1000000000}',
      ),
    ),
    'hash-too-costly',
  ],
  [
    'a salt of Firebase that is none',
    'firebase',
    JSON.stringify({ users: [{ localId: 'x', email: 'a@example.com', passwordHash: SIGNER, salt: '%' }] }),
    'hash-malformed',
  ],
  [
    'a flag of Firebase that is none',
    'firebase',
    JSON.stringify({ users: [{ localId: 'x', email: 'a@example.com', disabled: 'perhaps' }] }),
    'invalid-field',
  ],
  [
    'metadata of Supabase that are no JSON',
    'supabase',
    'id,email,raw_user_meta_data\nx,a@example.com,{',
    'invalid-field',
  ],
  ['crypt of Supabase', 'supabase', 'id,email,encrypted_password\nx,a@example.com,$1$a$b', 'hash-unsupported'],
  ['nobody of Cognito', 'cognito', '{"Users":[{"Attributes":[]}]}', 'nameless-user'],
  ['an element that is no object', 'cognito', '{"Users":[7]}', 'malformed-json'],
];

describe('a wrong line', () => {
  it('is tried in more than a hundred kinds', () => {
    expect(WRONG.length).toBeGreaterThan(100);
    expect(new Set(WRONG.map(([name]) => name)).size).toBe(WRONG.length);
  });

  it.each(WRONG)('is told by its code: %s', async (_, source, content, code) => {
    const [only, ...more] = await outcomes(source, content, 4096);
    expect([only?.split(' ')[1], more]).toEqual([code, []]);
  });

  it('keeps no other line out', async () => {
    const lines = WRONG.filter(([, source]) => source === 'ndjson').flatMap(([, , content]) => [
      content,
      '\n{"email":"good@example.com"}\n',
    ]);
    const all = await outcomes('ndjson', Buffer.concat(lines.map((line) => Buffer.from(line as string))), 65_536);
    expect(all.filter((one) => one.endsWith('good@example.com'))).toHaveLength(lines.length / 2);
  });
});

describe('a file', () => {
  it.each([1, 2, 3, 5, 64])('is read in pieces of %i bytes as in one', async (size) => {
    const csv = '\ufeffemail,bio\r\na@example.com,"x ""y"",\r\nz"\r\n\r\nb@example.com,\r\n';
    expect(await outcomes('csv', csv, size)).toEqual(['2 a@example.com', '5 b@example.com']);
    const realm =
      '{"x":[{"users":[1]}],"y":"\\"users\\":[",\n"users":[{"email":"a@example.com"},\n{"email":"b@example.com"}],"z":1}';
    expect(await outcomes('keycloak', realm, size)).toEqual(['2 a@example.com', '3 b@example.com']);
  });

  it('may have names as long as a line, which are left out', async () => {
    const name = `${'_'.repeat(20_000)}!`;
    const files = { ndjson: json({ [name]: 1 }), csv: `email,${name}\na@example.com,1` };
    for (const [source, content] of Object.entries(files)) {
      const [unknown, emails]: [string[], unknown[]] = [[], []];
      const notes = { unknown: (one: string) => void unknown.push(one) };
      for await (const { person } of openSource(source as Source, bytes(content, 65_536), { now: 0 }, notes)) {
        emails.push(person?.email);
      }
      expect([unknown, emails]).toEqual([[`${'_'.repeat(64)}…`], ['a@example.com']]);
    }
  });

  it('of long lines is written in batches of a few megabytes', async () => {
    const read = { bytes: 0 };
    async function* chunks(): AsyncGenerator<Buffer> {
      for (let line = 0; line < 16; line++) {
        const chunk = Buffer.from(`{"email":"a${line}@example.com","more":"${'x'.repeat(1_000_000)}"}\n`);
        read.bytes += chunk.length;
        yield await Promise.resolve(chunk);
      }
    }
    const batches: number[] = [];
    const writer: Pick<ImportWriter, 'look' | 'prepare' | 'write'> = {
      look: () => Promise.resolve({ hashes: [], runs: new Map(), identities: new Set() }),
      prepare: (batch) => {
        batches.push(batch.length);
        const results = batch.map(() => ({ outcome: 'present' }) as const);
        return Promise.resolve({ results, fresh: [], rows: [], ids: new Set(), identities: new Set() });
      },
      write: ({ results }) => Promise.resolve(results as Written[]),
    };
    const lines = openSource('ndjson', chunks(), { now: 0 }, { unknown: () => undefined });
    const listener = { refused: () => undefined, leftOut: () => undefined, done: () => true };
    const parts = { lines, bytesRead: () => read.bytes, writer: writer as ImportWriter, isOurs: true, listener };
    expect(await runImport(parts)).toEqual({ created: 0, present: 16, refused: 0 });
    expect(Math.max(...batches)).toBeLessThanOrEqual(6);
  });

  it.each(['=x', "'=x", "''+x", "'x", "'", '-'])('has %s again after CSV', async (firstName) => {
    const csv = `email,firstName\r\n${csvLine(['a@example.com', firstName])}`;
    const given: unknown[] = [];
    for await (const { person } of openSource('csv', bytes(csv), { now: 0 }, { unknown: () => undefined })) {
      given.push(person?.profile.firstName);
    }
    expect(given).toEqual([firstName]);
  });

  it.each<[Source, string, RegExp]>([
    ['csv', '', /empty/],
    ['csv', 'a,a\n1,2', /named twice/],
    ['csv', 'shoe,size\n1,2', /names no column/],
    ['csv', 'email,firstName\ra@example.com,Ada\r', /carriage return/],
    ['keycloak', '{"realm":"x"}', /no list "users"/],
    ['firebase', '{"users":[{"email":"a@example.com"', /ends in the middle/],
  ])('that is none of %s ends with a sentence: %s', async (source, content, sentence) => {
    await expect(outcomes(source, content)).rejects.toThrow(sentence);
  });
});
