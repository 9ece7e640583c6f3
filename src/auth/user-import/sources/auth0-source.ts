import { bounded, type Digest, type ForeignHash } from '../../passwords/foreign/foreign-hash.js';
import { digestOf, parseForeignHash } from '../../passwords/foreign/parse-foreign.js';
import { LineFault, type SourceIdentity, type SourcePerson, sourcePerson } from '../source-person.js';
import { aboutPerson, flag, type Json, object, objects, ofHash, text } from './values.js';

/** Providers at which a subject is the same for every client of it. */
const PROVIDERS: Readonly<Record<string, string>> = { 'google-oauth2': 'google', github: 'github', apple: 'apple' };

/** The id of a hash, in the spellings that are seen; undefined for a line that is no hash. */
export function auth0Hash(of: Json): { readonly id: string; readonly hash: string } | undefined {
  if (text(of, 'email') !== null && text(of, 'passwordHash', 'password_hash') === null) return undefined;
  const id = text(object(of, '_id'), '$oid') ?? text(of, 'oid', 'user_id') ?? idOf(of);
  const hash = text(of, 'passwordHash', 'password_hash');
  return id === null || hash === null ? undefined : { id: auth0Id(id), hash };
}

const idOf = (of: Json): string | null => (typeof of['_id'] === 'string' ? of['_id'] : null);

/** `auth0|65f0a1` is `65f0a1` in its database. */
export function auth0Id(id: string): string {
  return id.replace(/^auth0\|/, '');
}

/** A user of an export, or of the schema of imports. @throws LineFault */
export function auth0Person(of: Json): SourcePerson {
  const externalId = text(of, 'user_id', 'Id');
  return aboutPerson(externalId, () => {
    const custom = object(of, 'custom_password_hash');
    const plain = text(of, 'passwordHash', 'password_hash');
    const { secret, leftOut } = factorsOf(of);
    return sourcePerson({
      externalId,
      email: text(of, 'email', 'Email'),
      emailVerified: flag(of, 'email_verified') ?? false,
      username: text(of, 'username'),
      profile: {
        firstName: text(of, 'given_name'),
        lastName: text(of, 'family_name'),
        nickname: text(of, 'nickname') ?? text(of, 'name'),
        pictureUrl: text(of, 'picture'),
        locale: text(of, 'locale'),
        phone: text(of, 'phone_number'),
      },
      suspended: flag(of, 'blocked') ?? false,
      password: ofHash(() =>
        Object.keys(custom).length > 0 ? customHash(custom) : plain === null ? null : parseForeignHash(plain),
      ),
      totp: secret,
      identities: objects(of, 'identities').flatMap(identityOf),
      leftOut,
    });
  });
}

function identityOf(of: Json): SourceIdentity[] {
  const provider = PROVIDERS[text(of, 'provider') ?? ''];
  const subject = text(of, 'user_id');
  const profile = object(of, 'profileData');
  if (provider === undefined || subject === null) return [];
  return [{ provider, subject, email: text(profile, 'email'), name: text(profile, 'name') }];
}

function factorsOf(of: Json): { secret: string | null; leftOut: string[] } {
  const factors = objects(of, 'mfa_factors');
  const secret = factors.map((one) => text(object(one, 'totp'), 'secret')).find((one) => one !== null) ?? null;
  const others = factors.filter((one) => !('totp' in one));
  return { secret, leftOut: others.length > 0 ? ['second factors other than an authenticator app'] : [] };
}

/** https://auth0.com/docs/manage-users/user-migration/bulk-user-imports, "custom_password_hash". @throws UnusableHash, LineFault */
function customHash(of: Json): ForeignHash {
  const algorithm = text(of, 'algorithm');
  const hash = object(of, 'hash');
  const value = text(hash, 'value') ?? '';
  const encoding = text(object(of, 'password'), 'encoding') ?? 'utf8';
  if (!['utf8', 'ascii'].includes(encoding)) {
    throw new LineFault('hash-unsupported', `Passwords in the encoding ${safe(encoding)} are not supported.`);
  }
  switch (algorithm) {
    case 'argon2':
    case 'bcrypt':
    case 'pbkdf2':
    case 'ldap':
      return parseForeignHash(value);
    case 'hmac': {
      const key = bytesOf(object(hash, 'key'), 'utf8');
      return bounded({ kind: 'hmac', digest: digestOf(text(hash, 'digest') ?? undefined), key, hash: bytesOf(hash) });
    }
    case 'md5':
    case 'sha1':
    case 'sha256':
    case 'sha512':
      return salted(algorithm, of);
    case 'scrypt':
      return scrypt(of);
    case 'md4':
      throw new LineFault('hash-unsupported', 'MD4 is not supported: OpenSSL 3 has it no longer.');
    default:
      throw new LineFault('hash-unsupported', 'The algorithm of custom_password_hash is not supported.');
  }
}

function salted(digest: Digest, of: Json): ForeignHash {
  const salt = object(of, 'salt');
  const position = text(salt, 'position') === 'suffix' ? 'suffix' : 'prefix';
  const bytes = Object.keys(salt).length === 0 ? '' : bytesOf(salt, 'utf8');
  return bounded({ kind: 'digest', digest, salt: bytes, position, hash: bytesOf(object(of, 'hash')) });
}

function scrypt(of: Json): ForeignHash {
  const number = (name: string, otherwise: number): number => Number(text(of, name) ?? otherwise);
  const cost = {
    cost: number('cost', 16_384),
    blockSize: number('blockSize', 8),
    parallelism: number('parallelization', 1),
  };
  return bounded({
    kind: 'scrypt',
    ...cost,
    salt: bytesOf(object(of, 'salt'), 'utf8'),
    hash: bytesOf(object(of, 'hash')),
  });
}

/** In base64. @throws LineFault */
function bytesOf(of: Json, otherwise = 'base64'): string {
  const value = text(of, 'value') ?? '';
  const encoding = text(of, 'encoding') ?? otherwise;
  if (encoding !== 'utf8' && encoding !== 'hex' && encoding !== 'base64') {
    throw new LineFault('hash-unsupported', `The encoding ${safe(encoding)} is not supported.`);
  }
  return Buffer.from(value, encoding).toString('base64');
}

const safe = (value: string): string => value.replace(/[^\w-]/g, '?').slice(0, 20);
