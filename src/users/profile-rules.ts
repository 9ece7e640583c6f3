import { parsePhoneNumberFromString } from 'libphonenumber-js';

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
  const url = plainHttpsUrl(value);
  return url !== undefined && url.hostname.includes('.');
}

const GITHUB_NAME = /^\/[a-z\d](?:[a-z\d]|-(?=[a-z\d])){0,38}\/?$/i;

export function isGithubUrl(value: string): boolean {
  const url = plainHttpsUrl(value);
  return url !== undefined && /^(www\.)?github\.com$/.test(url.hostname) && GITHUB_NAME.test(url.pathname);
}

const LINKEDIN_PATH = /^\/(?:in|company|school)\/[\p{L}\p{N}_%-]{2,100}\/?$/u;

export function isLinkedinUrl(value: string): boolean {
  const url = plainHttpsUrl(value);
  return url !== undefined && /^([a-z]{2,3}\.)?linkedin\.com$/.test(url.hostname) && LINKEDIN_PATH.test(url.pathname);
}

/** An https URL without a user, a password or a port of its own, written as a browser would write it. */
function plainHttpsUrl(value: string): URL | undefined {
  if (/[\s\\]/.test(value) || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  return url.protocol === 'https:' && url.username === '' && url.password === '' && url.port === '' ? url : undefined;
}
