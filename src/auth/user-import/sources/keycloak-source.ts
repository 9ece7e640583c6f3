import { ARGON2_TYPES, bounded, type ForeignHash } from '../../passwords/foreign/foreign-hash.js';
import { digestOf } from '../../passwords/foreign/parse-foreign.js';
import { LineFault, type SourcePerson, sourcePerson } from '../source-person.js';
import { aboutPerson, base32, flag, type Json, nested, object, objects, ofHash, text } from './values.js';

const ROLES = ['MANAGER', 'ADMIN'];

/** A user of a realm's export. @param withRoles whether realm roles named manager and admin become those of Roster @throws LineFault */
export function keycloakPerson(of: Json, withRoles: boolean): SourcePerson {
  const externalId = text(of, 'id');
  return aboutPerson(externalId, () => {
    const credentials = objects(of, 'credentials');
    const password = credentials.find((one) => text(one, 'type') === 'password');
    const otp = credentials.find((one) => ['otp', 'totp'].includes(text(one, 'type') ?? ''));
    const { secret, leftOut } = otp ? totpOf(otp) : { secret: null, leftOut: [] };
    const attributes = object(of, 'attributes');
    const named = (Array.isArray(of['realmRoles']) ? of['realmRoles'] : []).map((role) => String(role).toUpperCase());
    return sourcePerson({
      externalId,
      email: text(of, 'email'),
      emailVerified: flag(of, 'emailVerified') ?? false,
      username: text(of, 'username'),
      profile: {
        firstName: text(of, 'firstName'),
        lastName: text(of, 'lastName'),
        locale: firstOf(attributes['locale']),
        phone: firstOf(attributes['phoneNumber']),
        pictureUrl: firstOf(attributes['picture']),
      },
      role: withRoles ? (ROLES.filter((role) => named.includes(role)).at(-1) ?? null) : null,
      suspended: flag(of, 'enabled') === false,
      password: password ? ofHash(() => hashOf(password)) : null,
      totp: secret,
      identities: objects(of, 'federatedIdentities').flatMap((one) => {
        const [provider, subject] = [text(one, 'identityProvider'), text(one, 'userId')];
        if (provider === null || subject === null) return [];
        return [{ provider, subject, email: null, name: text(one, 'userName') }];
      }),
      leftOut: [
        ...leftOut,
        ...(credentials.some((one) => /webauthn/.test(text(one, 'type') ?? '')) ? ['passkeys'] : []),
      ],
    });
  });
}

function firstOf(value: unknown): string | null {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' && first !== '' ? first : null;
}

/** @throws UnusableHash, LineFault */
function hashOf(credential: Json): ForeignHash {
  const secret = nested(credential, 'secretData');
  const about = nested(credential, 'credentialData');
  const more = object(about, 'additionalParameters');
  const algorithm = text(about, 'algorithm') ?? 'pbkdf2-sha256';
  const bytes = { salt: text(secret, 'salt') ?? '', hash: text(secret, 'value') ?? '' };
  const iterations = Number(text(about, 'hashIterations'));
  if (algorithm === 'argon2') {
    const type = ARGON2_TYPES.find((one) => one === `argon2${firstOf(more['type']) ?? 'id'}`);
    if (!type || (firstOf(more['version']) ?? '1.3') !== '1.3') {
      throw new LineFault('hash-unsupported', 'argon2 is supported in version 1.3.');
    }
    const cost = {
      memory: Number(firstOf(more['memory'])),
      passes: iterations,
      parallelism: Number(firstOf(more['parallelism']) ?? 1),
    };
    return bounded({ kind: 'argon2', type, ...cost, ...bytes });
  }
  const [, digest] = /^pbkdf2(?:-(sha\d+))?$/.exec(algorithm) ?? [];
  if (!algorithm.startsWith('pbkdf2')) {
    throw new LineFault('hash-unsupported', 'The algorithm of the password hash is not supported.');
  }
  return bounded({ kind: 'pbkdf2', digest: digestOf(digest ?? 'sha1'), iterations, ...bytes });
}

/** Codes of 6 digits, 30 seconds and SHA-1, as Roster's own; HOTP and others are left out. */
function totpOf(credential: Json): { secret: string | null; leftOut: string[] } {
  const about = nested(credential, 'credentialData');
  const value = text(nested(credential, 'secretData'), 'value');
  const isOurs =
    (text(about, 'subType') ?? 'totp') === 'totp' &&
    Number(text(about, 'digits') ?? 6) === 6 &&
    Number(text(about, 'period') ?? 30) === 30 &&
    ['HmacSHA1', 'SHA1'].includes(text(about, 'algorithm') ?? 'HmacSHA1');
  if (value === null || !isOurs) return { secret: null, leftOut: ['an authenticator app with other settings'] };
  const isEncoded = text(about, 'secretEncoding') === 'BASE32';
  return { secret: isEncoded ? value : base32(Buffer.from(value)), leftOut: [] };
}
