// Files to import, as their sources write them, with ready hashes of several kinds.
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { URL } from 'node:url';

const { password, taken } = JSON.parse(
  readFileSync(new URL('../../test/fixtures/foreign-hashes/hashes.json', import.meta.url), 'utf8'),
);
export const PASSWORD = password;
const hashBy = (tool) => taken.find(({ madeBy }) => madeBy === tool).hash;
/** One of each kind, none of which would set the time of every sign-in. */
const OWN = [
  'Apache htpasswd -B',
  'Debian argon2 -id',
  'passlib scrypt',
  'passlib pbkdf2_sha256',
  'passlib ldap_salted_sha512',
].map(hashBy);

const addressOf = (source, number) => `person.${number}@${source}.example`;

export const SOURCES = {
  ndjson: {
    kinds: OWN.length,
    parts: { begin: '', between: '', end: '' },
    line: (number) => ({
      externalId: `1-${number}`,
      email: addressOf('ndjson', number),
      firstName: `Ada ${number % 977}`,
      lastName: `Lovelace ${number % 1013}`,
      locale: 'en',
      passwordHash: OWN[number % OWN.length],
    }),
  },
  keycloak: {
    kinds: 2,
    parts: { begin: '{"realm":"demo","users":[\n', between: ',', end: ']}\n' },
    line: (number) => ({
      id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
      username: `person.${number}`,
      email: addressOf('keycloak', number),
      emailVerified: true,
      enabled: true,
      firstName: `Ada ${number % 977}`,
      lastName: `Lovelace ${number % 1013}`,
      credentials: [number % 2 === 0 ? argon2() : pbkdf2()],
    }),
  },
};

function argon2() {
  const [, , , , salt, value] = hashBy('Debian argon2 -id').split('$');
  const more = { hashLength: ['32'], memory: ['8192'], type: ['id'], version: ['1.3'], parallelism: ['1'] };
  return credential({ salt, value }, { hashIterations: 2, algorithm: 'argon2', additionalParameters: more });
}

function pbkdf2() {
  const [, , rounds, salt, value] = hashBy('passlib pbkdf2_sha256').split('$');
  // Of passlib, whose Base64 has a full stop for the plus sign and no padding.
  const base64 = (text) => Buffer.from(text.replaceAll('.', '+'), 'base64').toString('base64');
  const secret = { salt: base64(salt), value: base64(value) };
  return credential(secret, { hashIterations: Number(rounds), algorithm: 'pbkdf2-sha256' });
}

const credential = (secret, data) => ({
  type: 'password',
  secretData: JSON.stringify(secret),
  credentialData: JSON.stringify(data),
});

/** Writes a file with that many users. */
export async function writeSource(source, users, file) {
  const { parts, line } = SOURCES[source];
  const stream = createWriteStream(file);
  stream.write(parts.begin);
  for (let number = 0; number < users; number++) {
    const text = `${number === 0 ? '' : parts.between}${JSON.stringify(line(number))}\n`;
    if (!stream.write(text)) await once(stream, 'drain');
  }
  stream.end(parts.end);
  await once(stream, 'close');
}

/** Of each kind of hash, the address of one who has it. */
export function oneOfEachKind(source) {
  return Array.from({ length: SOURCES[source].kinds }, (_, number) => addressOf(source, number));
}
