import { bounded, type ForeignHash } from '../../passwords/foreign/foreign-hash.js';
import { type SourceIdentity, type SourcePerson, sourcePerson } from '../source-person.js';
import { aboutPerson, flag, type Json, objects, ofHash, text } from './values.js';

/** The hash parameters of a project, as the console of Firebase shows them. */
export interface FirebaseHashConfig {
  /** Base64, as the separator. */
  readonly signerKey: string;
  readonly saltSeparator: string;
  readonly rounds: number;
  readonly memoryCost: number;
}

/**
 * Reads them from JSON, or from the text that the console shows (`hash_config { algorithm: SCRYPT, base64_signer_key: ..., }`).
 * @throws Error with what is missing
 */
export function readHashConfig(content: string): FirebaseHashConfig {
  const values = new Map<string, string>();
  for (const [, name = '', quoted, plain] of content.matchAll(/([A-Za-z0-9_]+)"?\s*:\s*(?:"([^"]*)"|([^\s,}]+))/g)) {
    values.set(name.toLowerCase().replaceAll('_', '').replace('base64', ''), quoted ?? plain ?? '');
  }
  const algorithm = values.get('algorithm') ?? values.get('hashalgorithm') ?? 'SCRYPT';
  if (algorithm.toUpperCase() !== 'SCRYPT') throw new Error('The hash configuration is not that of Firebase’s SCRYPT.');
  const signerKey = values.get('signerkey') ?? values.get('hashkey');
  const memoryCost = values.get('memcost') ?? values.get('memorycost') ?? values.get('hashmemorycost');
  const rounds = values.get('rounds') ?? values.get('hashrounds');
  if (signerKey === undefined || memoryCost === undefined || rounds === undefined) {
    throw new Error('The hash configuration needs base64_signer_key, base64_salt_separator, rounds and mem_cost.');
  }
  return {
    signerKey: plainBase64(signerKey),
    saltSeparator: plainBase64(values.get('saltseparator') ?? values.get('hashsaltseparator') ?? ''),
    rounds: Number(rounds),
    memoryCost: Number(memoryCost),
  };
}

const COLUMNS: Readonly<Record<string, number>> = {
  localId: 0,
  email: 1,
  emailVerified: 2,
  passwordHash: 3,
  salt: 4,
  displayName: 5,
  photoUrl: 6,
  phoneNumber: 25,
  disabled: 26,
};
const PROVIDER_COLUMNS = [
  ['google.com', 7],
  ['github.com', 19],
] as const;

/** A row of `auth:export` as CSV, which has no header and 28 columns. */
export function firebaseRow(cells: readonly string[]): Json {
  const columns = Object.entries(COLUMNS).map(([name, place]) => [name, cells[place] ?? '']);
  const providerUserInfo = PROVIDER_COLUMNS.map(([providerId, place]) => ({
    providerId,
    rawId: cells[place],
    email: cells[place + 1],
    displayName: cells[place + 2],
  }));
  return { ...(Object.fromEntries(columns) as Json), providerUserInfo };
}

/** A user of `auth:export`. @throws LineFault */
export function firebasePerson(of: Json, config: FirebaseHashConfig | undefined): SourcePerson {
  const externalId = text(of, 'localId');
  return aboutPerson(externalId, () => {
    const hash = text(of, 'passwordHash');
    const name = text(of, 'displayName');
    const leftOut = hash !== null && !config ? ['the password, for want of --hash-config'] : [];
    const phone = text(of, 'phoneNumber');
    const profile = { pictureUrl: text(of, 'photoUrl'), phone };
    return sourcePerson({
      externalId,
      email: text(of, 'email'),
      emailVerified: flag(of, 'emailVerified') ?? false,
      profile:
        name === null
          ? { ...profile, nickname: text(of, 'email') === null ? phone : null }
          : { ...profile, nickname: name },
      suspended: flag(of, 'disabled') ?? false,
      password: hash !== null && config ? ofHash(() => hashOf(hash, text(of, 'salt') ?? '', config)) : null,
      identities: objects(of, 'providerUserInfo').flatMap(identityOf),
      leftOut,
    });
  });
}

function hashOf(hash: string, salt: string, config: FirebaseHashConfig): ForeignHash {
  return bounded({ kind: 'firebase', ...config, salt: plainBase64(salt), hash: plainBase64(hash) });
}

const PROVIDERS: Readonly<Record<string, string>> = {
  'google.com': 'google',
  'github.com': 'github',
  'apple.com': 'apple',
};

function identityOf(of: Json): SourceIdentity[] {
  const provider = PROVIDERS[text(of, 'providerId') ?? ''];
  const subject = text(of, 'rawId');
  if (provider === undefined || subject === null) return [];
  return [{ provider, subject, email: text(of, 'email'), name: text(of, 'displayName') }];
}

/** Exports have the alphabet of URLs, the console the other. */
function plainBase64(given: string): string {
  return given.replaceAll('-', '+').replaceAll('_', '/');
}
