import type { Preset } from '../../../config/provider-settings.js';
import { isAddress } from '../../../users/aggregate/is-address.js';
import { isLine } from '../../../users/aggregate/profile-rules.js';
import { ProviderFailure } from '../provider-errors.js';
import type { Person } from './provider-client.js';

/** Claims of an id_token whose signature, issuer, audience, times and nonce were checked, and of the UserInfo endpoint. */
export interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly [name: string]: unknown;
}

/** As long as names of users are. */
const LONGEST_NAME = 100;
const LONGEST_URL = 500;
/** Seconds that the clock of a provider may be ahead. */
const CLOCK_TOLERANCE = 60;
/** Addresses of Google itself. */
const GMAIL = /@(?:gmail|googlemail)\.com$/i;

/**
 * What the OpenID library leaves to its callers.
 * @param now seconds since 1970
 * @throws ProviderFailure
 */
export function checkClaims(claims: Claims, clientId: string, now: number): void {
  if (claims['azp'] !== undefined && claims['azp'] !== clientId) throw failure('was issued to another client (azp)');
  const issuedAt = claims['iat'];
  if (typeof issuedAt !== 'number' || issuedAt > now + CLOCK_TOLERANCE) throw failure('comes from the future (iat)');
  if (claims.sub === '' || claims.sub.length > 255) throw failure('has a subject of no or too many characters');
}

/**
 * The person that claims describe.
 * @param idClaims of the id_token
 * @param more of the UserInfo endpoint, for what the id_token does not say
 * @throws ProviderFailure
 */
export function personOf(
  preset: Preset | null,
  idClaims: Claims,
  more: Readonly<Record<string, unknown>> = {},
): Person {
  const claims = { ...more, ...idClaims };
  const email = isAddress(claims['email']) ? claims['email'] : null;
  const hostedDomain = preset === 'google' ? text(idClaims['hd'], LONGEST_NAME) : null;
  const name = line(claims['name']);
  return {
    ...keyOf(preset, idClaims),
    profile: {
      email,
      emailVerified: email !== null && isProved(preset, email, verifiedIn([idClaims, more], email), hostedDomain),
      name,
      username: line(claims['preferred_username']),
      url: httpsUrl(claims['profile']),
      hostedDomain,
    },
    ...namesOf(line(claims['given_name']), line(claims['family_name']), name),
  };
}

/** Two parts of a name, from what there is. */
export function namesOf(first: string | null, last: string | null, whole: string | null) {
  if (first !== null || last !== null || whole === null) return { firstName: first, lastName: last };
  const [firstName = null, ...rest] = whole.trim().split(/\s+/);
  return { firstName, lastName: rest.join(' ') || null };
}

/** Microsoft's `sub` differs between applications, and `oid` alone is unique within a tenant only. */
function keyOf(preset: Preset | null, { iss: issuer, sub, tid, oid }: Claims) {
  if (preset !== 'microsoft') return { issuer, subject: sub };
  if (typeof tid !== 'string' || typeof oid !== 'string') throw failure('has no tid or oid');
  return { issuer, subject: `${tid}:${oid}` };
}

/** What a document says of the address that it names itself: the proof of one address is none of another. */
function verifiedIn(documents: readonly Readonly<Record<string, unknown>>[], email: string): unknown {
  return documents.find((one) => one['email'] === email && one['email_verified'] !== undefined)?.['email_verified'];
}

/**
 * Whether the provider says, in a way that it can answer for, that the person reads the mails of this address. `"true"` as text is no
 * proof. An administrator of a tenant at Microsoft writes there what they like. Google answers for its own addresses and those of its
 * organisations; of others it says that they were confirmed once.
 */
function isProved(preset: Preset | null, email: string, verified: unknown, hostedDomain: string | null): boolean {
  if (verified !== true || preset === 'microsoft') return false;
  return preset !== 'google' || hostedDomain !== null || GMAIL.test(email);
}

/** One visible line that is not too long for a name; null for anything else. */
export function line(value: unknown): string | null {
  const trimmed = typeof value === 'string' && value.length <= LONGEST_URL ? value.trim() : undefined;
  return trimmed !== undefined && trimmed.length <= LONGEST_NAME && isLine(trimmed) ? trimmed : null;
}

export function httpsUrl(value: unknown): string | null {
  return typeof value === 'string' && value.length <= LONGEST_URL && URL.parse(value)?.protocol === 'https:'
    ? value
    : null;
}

function text(value: unknown, longest: number): string | null {
  return typeof value === 'string' && value !== '' && value.length <= longest ? value : null;
}

function failure(what: string): ProviderFailure {
  return new ProviderFailure('failed', `the id_token ${what}`);
}
