import { USER_ROLES, type UserRole } from '../../access/role.js';
import { type Profile, PROFILE_FIELDS } from '../../events/catalogue.js';
import { LINES } from '../../http/request/text-patterns.js';
import { addressKey, checkUsername } from '../../users/aggregate/identifiers.js';
import { ADDRESS_EXPECTED, isAddress } from '../../users/aggregate/is-address.js';
import {
  isBcp47,
  isE164,
  isGithubUrl,
  isLine,
  isLinkedinUrl,
  isPictureUrl,
  LINE_EXPECTED,
} from '../../users/aggregate/profile-rules.js';
import { InvalidUsername } from '../../users/aggregate/user-errors.js';
import { LineFault, type SourcePerson } from './source-person.js';

/** A person who satisfies every rule of a user. */
export interface Person extends Omit<SourcePerson, 'externalId' | 'profile' | 'role' | 'leftOut'> {
  readonly externalId: string;
  readonly profile: Readonly<Partial<Profile>>;
  readonly role: UserRole;
  /** What does not come along, a phrase each. */
  readonly leftOut: string[];
}

interface Rule {
  readonly longest: number;
  readonly accepts: (value: string) => boolean;
  readonly expected: string;
}

const MANY_LINES = new RegExp(LINES, 'u');
const NAME: Rule = { longest: 100, accepts: isLine, expected: LINE_EXPECTED };
const RULES: Readonly<Record<keyof Profile, Rule>> = {
  firstName: NAME,
  lastName: NAME,
  nickname: NAME,
  bio: { longest: 2000, accepts: (value) => MANY_LINES.test(value), expected: 'must not contain control characters' },
  pictureUrl: { longest: 2048, accepts: isPictureUrl, expected: 'must be an https URL' },
  locale: { longest: 35, accepts: isBcp47, expected: 'must be a language tag such as en or pt-BR (BCP 47)' },
  phone: { longest: 16, accepts: isE164, expected: 'must be a phone number in E.164 form, such as +442079460958' },
  githubUrl: { longest: 100, accepts: isGithubUrl, expected: 'must be a URL such as https://github.com/name' },
  linkedinUrl: {
    longest: 200,
    accepts: isLinkedinUrl,
    expected: 'must be a URL such as https://www.linkedin.com/in/name',
  },
};
const LONGEST_ID = 255;
/** 16 to 64 bytes, as `totp.ts` takes them. */
const TOTP_SECRET = /^[A-Z2-7]{26,104}=*$/;

/**
 * Checks a person by the rules of the API.
 * @param isOurs whether the source has our own names: anything wrong is refused. Of other sources, optional values that Roster cannot
 *   have are left out, and said.
 * @throws LineFault
 */
export function checkPerson(source: SourcePerson, isOurs: boolean): Person {
  try {
    return checked(source, isOurs);
  } catch (error) {
    throw error instanceof LineFault ? new LineFault(error.code, error.message, source.externalId) : error;
  }
}

function checked(source: SourcePerson, isOurs: boolean): Person {
  const leftOut = [...source.leftOut];
  const email = source.email === null ? null : source.email.trim();
  if (email !== null && !isAddress(email)) throw new LineFault('invalid-email', `email ${ADDRESS_EXPECTED}.`);
  const profile = profileOf(source, isOurs, leftOut);
  const username = usernameOf(source.username, !isOurs && email !== null, leftOut);
  if (email === null && username === null && !profile.firstName && !profile.lastName && !profile.nickname) {
    throw new LineFault('nameless-user', 'A user needs an email address, a username or a name.');
  }
  const hasIdentifier = email !== null || username !== null;
  if (source.password !== null && !hasIdentifier) {
    throw new LineFault('invalid-field', 'A password takes an email address or a username to sign in with.');
  }
  const totp = totpOf(source.totp, isOurs, leftOut);
  const externalId = source.externalId ?? (email === null ? username : addressKey(email));
  if (externalId === null)
    throw new LineFault('invalid-field', 'externalId is needed where there is no address and no username.');
  if (!isLine(externalId) || externalId.length > LONGEST_ID || !externalId.isWellFormed()) {
    throw new LineFault('invalid-field', `externalId must be one line of at most ${LONGEST_ID} characters.`);
  }
  const { emailVerified, suspended, password, identities } = source;
  const state = { email, emailVerified: emailVerified && email !== null, username, suspended };
  return { ...state, externalId, profile, role: roleOf(source.role), password, totp, identities, leftOut };
}

function profileOf({ profile }: SourcePerson, isOurs: boolean, leftOut: string[]): Partial<Profile> {
  const taken: Partial<Record<keyof Profile, string>> = {};
  for (const field of PROFILE_FIELDS) {
    const given = profile[field] ?? null;
    if (given === null) continue;
    const { longest, accepts, expected } = RULES[field];
    const value = field === 'bio' ? given : given.trim();
    const problem =
      value.length > longest ? `must have at most ${longest} characters` : wrong(value, accepts, expected);
    if (problem === undefined) taken[field] = value;
    else if (isOurs) throw new LineFault('invalid-field', `${field} ${problem}.`);
    else leftOut.push(`${field}, which ${problem}`);
  }
  return taken;
}

function wrong(value: string, accepts: (value: string) => boolean, expected: string): string | undefined {
  return value.isWellFormed() && accepts(value) ? undefined : expected;
}

/** @param mayBeLeftOut where the address identifies the person as well, and the username often is one */
function usernameOf(given: string | null, mayBeLeftOut: boolean, leftOut: string[]): string | null {
  if (given === null) return null;
  try {
    if (given.length > 128 || !given.isWellFormed()) throw new InvalidUsername('A username has 3 to 32 characters.');
    checkUsername(given);
    return given;
  } catch (error) {
    if (!(error instanceof InvalidUsername)) throw error;
    if (!mayBeLeftOut) throw new LineFault('invalid-username', error.message);
    if (!given.includes('@')) leftOut.push('the username, which Roster does not allow');
    return null;
  }
}

function totpOf(given: string | null, isOurs: boolean, leftOut: string[]): string | null {
  if (given === null) return null;
  const secret = given.replace(/[\s-]/g, '').toUpperCase();
  if (given.length < 256 && TOTP_SECRET.test(secret)) return secret.replace(/=+$/, '');
  if (isOurs) throw new LineFault('invalid-field', 'totpSecret must be Base32 of at least 16 bytes.');
  leftOut.push('the authenticator app, whose secret is shorter than 16 bytes');
  return null;
}

function roleOf(given: string | null): UserRole {
  if (given === null) return 'AUTHENTICATED';
  const role = USER_ROLES.find((one) => one === given);
  if (!role) throw new LineFault('invalid-field', 'role must be AUTHENTICATED, MANAGER or ADMIN.');
  return role;
}
