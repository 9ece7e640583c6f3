import {
  type Argon2Type,
  bounded,
  type Digest,
  DIGEST_BYTES,
  DIGESTS,
  type ForeignHash,
  UnusableHash,
} from './foreign-hash.js';

const LONGEST = 2048;

type Reader = (parts: RegExpExecArray) => ForeignHash;

/** The spellings that are taken, each as its system writes it. */
const SPELLINGS: readonly (readonly [RegExp, Reader])[] = [
  // Also Django's, with its name before it. 2a, 2b and 2y differ in what bugs they had, not in what they compute.
  [/^(?:bcrypt\$)?\$2[aby]\$(\d\d\$[./A-Za-z0-9]{53})$/, ([, rest]) => ({ kind: 'bcrypt', hash: `$2b$${rest}` })],
  [/^(?:argon2)?\$(argon2(?:id|i|d))\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/, argon2],
  // The string format of PHC, with the cost as passlib has it (its logarithm) or in full.
  [/^\$scrypt\$(ln|n)=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/, scrypt],
  [/^scrypt:(\d+):(\d+):(\d+)\$([^$]+)\$([0-9a-f]+)$/, werkzeugScrypt],
  [
    /^\$pbkdf2-(sha\d+)\$i=(\d+),l=(\d+)\$([^$]+)\$([^$]+)$/,
    ([, digest, i, , salt, hash]) => pbkdf2(digest, i, b64(salt), b64(hash)),
  ],
  [
    /^\$pbkdf2-(sha\d+)\$i=(\d+)\$([^$]+)\$([^$]+)$/,
    ([, digest, i, salt, hash]) => pbkdf2(digest, i, b64(salt), b64(hash)),
  ],
  // passlib, and OpenLDAP's pw-pbkdf2.
  [
    /^\$pbkdf2(?:-(sha\d+))?\$(\d+)\$([^$]+)\$([^$]+)$/,
    ([, digest, i, salt, hash]) => pbkdf2(digest ?? 'sha1', i, b64(salt), b64(hash)),
  ],
  [
    /^\{PBKDF2(?:-(SHA\d+))?\}(\d+)\$([^$]+)\$([^$]+)$/,
    ([, digest, i, salt, hash]) => pbkdf2(digest ?? 'sha1', i, b64(salt), b64(hash)),
  ],
  // Django, with the salt as text.
  [
    /^pbkdf2_(sha\d+)\$(\d+)\$([^$]+)\$([^$]+)$/,
    ([, digest, i, salt, hash]) => pbkdf2(digest, i, utf8(salt), b64(hash)),
  ],
  [
    /^pbkdf2:(sha\d+):(\d+)\$([^$]+)\$([0-9a-f]+)$/,
    ([, digest, i, salt, hash]) => pbkdf2(digest, i, utf8(salt), hex(hash)),
  ],
  // LDAP: the salt, if any, follows the digest (RFC 2307 and what OpenLDAP made of it).
  [/^\{S?(SHA\d*|MD5)\}([A-Za-z0-9+/]+={0,2})$/i, ldap],
  [/^\$fbscrypt\$v=1,n=(\d+),r=(\d+),p=1,ss=([^,$]*),sk=([^,$]+)\$([^$]+)\$([^$]+)$/, firebase],
];

/**
 * The password hash in a text: of PHC, of crypt (bcrypt alone), or as Django, Werkzeug, LDAP and Supabase write it; or as Roster
 * exports an imported one.
 * @throws UnusableHash
 */
export function parseForeignHash(text: string): ForeignHash {
  if (text.length > LONGEST) throw new UnusableHash('hash-malformed', 'The password hash is too long.');
  if (text.startsWith('{"kind":')) return bounded(fromJson(text));
  for (const [spelling, read] of SPELLINGS) {
    const parts = spelling.exec(text);
    if (parts) return bounded(read(parts));
  }
  throw new UnusableHash('hash-unsupported', unsupported(text));
}

/** Whether it is not a hash of ours, as an export has it. */
export function isForeignText(text: string): boolean {
  return !/^(?:bcrypt|argon2id)-hmac-sha384:/.test(text);
}

/** As exported: what `parseForeignHash` takes. */
export function foreignHashText(hash: ForeignHash): string {
  return JSON.stringify(hash);
}

const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/^\$argon2/, 'argon2 is taken in version 19 (0x13), without a key or associated data.'],
  [/^\{CRYPT\}|^\$[156]\$|^\$apr1\$|^\$y\$|^\$7\$/, 'The crypt hashes of Unix, other than bcrypt, are not supported.'],
  [/^\{(SSHA3|NTLM|NTHASH|LANMAN|ARGON2)/i, 'This form of LDAP is not supported.'],
  [/^\$P\$|^\$H\$/, 'Portable PHP hashes (phpass) are not supported.'],
  [/^[0-9a-f]{32}$/i, 'A bare MD4, NTLM or MD5 hash is not supported.'],
];

function unsupported(text: string): string {
  const found = KNOWN.find(([form]) => form.test(text));
  return found?.[1] ?? 'The form of the password hash is not known; docs/import.md lists those that are.';
}

function fromJson(text: string): ForeignHash {
  try {
    return JSON.parse(text) as ForeignHash;
  } catch {
    throw new UnusableHash('hash-malformed', 'The password hash is not valid JSON.');
  }
}

function argon2([, type, memory, passes, parallelism, salt, hash]: RegExpExecArray): ForeignHash {
  return {
    kind: 'argon2',
    type: type as Argon2Type,
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: b64(salt),
    hash: b64(hash),
  };
}

function scrypt([, spelled, cost, r, p, salt, hash]: RegExpExecArray): ForeignHash {
  const n = spelled === 'ln' ? 2 ** Number(cost) : Number(cost);
  return { kind: 'scrypt', cost: n, blockSize: Number(r), parallelism: Number(p), salt: b64(salt), hash: b64(hash) };
}

function werkzeugScrypt([, n, r, p, salt, hash]: RegExpExecArray): ForeignHash {
  const cost = { cost: Number(n), blockSize: Number(r), parallelism: Number(p) };
  return { kind: 'scrypt', ...cost, salt: utf8(salt), hash: hex(hash) };
}

function pbkdf2(digest: string | undefined, iterations: string | undefined, salt: string, hash: string): ForeignHash {
  return { kind: 'pbkdf2', digest: digestOf(digest), iterations: Number(iterations), salt, hash };
}

function ldap([, named = '', encoded = '']: RegExpExecArray): ForeignHash {
  const digest = digestOf(named.toLowerCase() === 'sha' ? 'sha1' : named);
  const all = Buffer.from(encoded, 'base64');
  const [hash, salt] = [all.subarray(0, DIGEST_BYTES[digest]), all.subarray(DIGEST_BYTES[digest])];
  if (hash.length < DIGEST_BYTES[digest]) throw new UnusableHash('hash-malformed', 'The password hash is cut off.');
  return { kind: 'digest', digest, salt: salt.toString('base64'), position: 'suffix', hash: hash.toString('base64') };
}

function firebase([
  ,
  memoryCost,
  rounds,
  saltSeparator = '',
  signerKey = '',
  salt,
  hash,
]: RegExpExecArray): ForeignHash {
  const cost = { memoryCost: Number(memoryCost), rounds: Number(rounds) };
  return { kind: 'firebase', ...cost, saltSeparator, signerKey, salt: b64(salt), hash: b64(hash) };
}

/** @throws UnusableHash */
export function digestOf(name: string | undefined): Digest {
  const digest = DIGESTS.find((one) => one === name?.toLowerCase());
  if (!digest) throw new UnusableHash('hash-unsupported', 'The digest of the password hash is not supported.');
  return digest;
}

/** Padded or not, in the alphabets of base64, base64url and passlib (a dot for the plus). */
function b64(text = ''): string {
  if (!/^[A-Za-z0-9+/._-]*={0,2}$/.test(text)) throw new UnusableHash('hash-malformed', 'Salt or hash is not base64.');
  const plain = text.replaceAll('.', '+').replaceAll('-', '+').replaceAll('_', '/');
  return Buffer.from(plain, 'base64').toString('base64');
}

const utf8 = (text = ''): string => Buffer.from(text).toString('base64');
const hex = (text = ''): string => Buffer.from(text, 'hex').toString('base64');
