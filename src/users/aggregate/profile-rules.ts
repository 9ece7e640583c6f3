import { parsePhoneNumberFromString } from 'libphonenumber-js';

import { LINE } from '../../http/request/text-patterns.js';

const CONTROL = '\\x00-\\x1f\\x7f-\\x9f';

/** The shape of each, as the API document tells it. Not every text of that shape is right: a number or a host has to be able to exist. */
export const PROFILE_PATTERNS = {
  pictureUrl: `^https://[^\\s${CONTROL}\\\\@:/?#]+([/?#][^\\s${CONTROL}\\\\]*)?$`,
  locale: '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$',
  phone: '^\\+[1-9][0-9]{1,14}$',
  githubUrl: `^https://(www\\.)?github\\.com/[A-Za-z0-9](-?[A-Za-z0-9]){0,38}/?([?#][^\\s${CONTROL}\\\\]*)?$`,
  linkedinUrl: `^https://([a-z]{2,3}\\.)?linkedin\\.com/(in|company|school)/[^\\s${CONTROL}\\\\/?#]+/?([?#][^\\s${CONTROL}\\\\]*)?$`,
} as const;

export const LINE_EXPECTED = 'must be one line of text, not blank, without control or invisible characters';
const SHAPE = new RegExp(LINE, 'u');
// Beyond what a pattern can say that every engine reads alike: the properties of Unicode themselves.
const UNSEEN = /(?![\p{Variation_Selector}\p{Join_Control}])[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/u;
const SHOWS = /[^\s\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** One line of text that shows something, and nothing that is not seen; with white space around it perhaps. */
export function isLine(value: unknown): value is string {
  return typeof value === 'string' && SHAPE.test(value) && !UNSEEN.test(value) && SHOWS.test(value);
}

/** A number that can exist, written in E.164 (ITU-T): `+`, country code, subscriber, digits only. */
export function isE164(value: string): boolean {
  const number = parsePhoneNumberFromString(value);
  return number !== undefined && number.isValid() && number.number === value;
}

/** A well-formed language tag (BCP 47), in its canonical spelling or another. */
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

/** An https URL without a user, a password or a port of its own, written as a browser would write it. */
function plainHttpsUrl(value: string, pattern: string): URL | undefined {
  if (!new RegExp(pattern, 'u').test(value) || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  return url.protocol === 'https:' && url.username === '' && url.password === '' && url.port === '' ? url : undefined;
}
