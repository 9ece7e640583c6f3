import { parsePhoneNumberFromString } from 'libphonenumber-js';

import { LINE } from '../../http/request/text-patterns.js';

const CONTROL = '\\x00-\\x1f\\x7f-\\x9f';

/** The pattern of each field, as published in the API document. Not every match is valid: the number or host must be possible, too. */
export const PROFILE_PATTERNS = {
  pictureUrl: `^https://[^\\s${CONTROL}\\\\@:/?#]+([/?#][^\\s${CONTROL}\\\\]*)?$`,
  locale: '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$',
  phone: '^\\+[1-9][0-9]{1,14}$',
  githubUrl: `^https://(www\\.)?github\\.com/[A-Za-z0-9](-?[A-Za-z0-9]){0,38}/?([?#][^\\s${CONTROL}\\\\]*)?$`,
  linkedinUrl: `^https://([a-z]{2,3}\\.)?linkedin\\.com/(in|company|school)/[^\\s${CONTROL}\\\\/?#]+/?([?#][^\\s${CONTROL}\\\\]*)?$`,
} as const;

export const LINE_EXPECTED = 'must be one line of text, not blank, without control or invisible characters';
const SHAPE = new RegExp(LINE, 'u');
// Unicode properties, which a portable regular expression cannot express.
const UNSEEN = /(?![\p{Variation_Selector}\p{Join_Control}])[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/u;
const SHOWS = /[^\s\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** One visible line of text without invisible characters; white space around it is allowed. */
export function isLine(value: unknown): value is string {
  return typeof value === 'string' && SHAPE.test(value) && !UNSEEN.test(value) && SHOWS.test(value);
}

/** A possible number in E.164 (ITU-T): `+`, country code, subscriber, digits only. */
export function isE164(value: string): boolean {
  const number = parsePhoneNumberFromString(value);
  return number !== undefined && number.isValid() && number.number === value;
}

/** A well-formed language tag (BCP 47), canonical or not. */
export function isBcp47(value: string): boolean {
  try {
    return Intl.getCanonicalLocales(value).length === 1;
  } catch {
    return false;
  }
}

export function isPictureUrl(value: string): boolean {
  const url = plainHttpsUrl(value, PROFILE_PATTERNS.pictureUrl);
  return url !== undefined && url.hostname.includes('.');
}

const GITHUB_NAME = /^\/[a-z\d](?:[a-z\d]|-(?=[a-z\d])){0,38}\/?$/i;

export function isGithubUrl(value: string): boolean {
  const url = plainHttpsUrl(value, PROFILE_PATTERNS.githubUrl);
  return url !== undefined && GITHUB_NAME.test(url.pathname);
}

const LINKEDIN_PATH = /^\/(?:in|company|school)\/[\p{L}\p{N}_%-]{2,100}\/?$/u;

export function isLinkedinUrl(value: string): boolean {
  const url = plainHttpsUrl(value, PROFILE_PATTERNS.linkedinUrl);
  return url !== undefined && LINKEDIN_PATH.test(url.pathname);
}

/** An https URL without user, password or explicit port, in the form a browser would give it. */
function plainHttpsUrl(value: string, pattern: string): URL | undefined {
  if (!new RegExp(pattern, 'u').test(value) || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  return url.protocol === 'https:' && url.username === '' && url.password === '' && url.port === '' ? url : undefined;
}
