import type { LinkUrls } from './link-urls.js';

interface Judged {
  readonly SECRET_KEY?: string | undefined;
  readonly BCRYPT_COST?: number;
  readonly PUBLIC_URL?: string;
  readonly MAGIC_LINK_URL?: string | undefined;
  readonly LINK_URLS?: LinkUrls | undefined;
}

const NEEDED = {
  DATABASE_URL: 'the embedded PostgreSQL is for development',
  SECRET_KEY: 'generate one with: openssl rand -base64 48',
  SMTP_URL: 'the development mailbox delivers to nobody',
  MAIL_FROM: 'the sender that your mail provider lets you use',
  PUBLIC_URL: 'links in mails are built from it',
  ADMIN_EMAIL: 'the first admin',
};

/** URLs to which one-time tokens and passwords are sent, each with the name that a message gives it. */
function carryTokens({ PUBLIC_URL, MAGIC_LINK_URL, LINK_URLS = {} }: Judged): [name: string, url: string][] {
  const all: [string, string | undefined][] = [
    ['PUBLIC_URL', PUBLIC_URL],
    ['MAGIC_LINK_URL', MAGIC_LINK_URL],
    ...Object.entries(LINK_URLS).map(([link, url]): [string, string] => [`LINK_URLS: ${link}`, url]),
  ];
  return all.flatMap(([name, url]) => (url === undefined ? [] : [[name, url]]));
}

const PLACEHOLDER = /change.?me|placeholder|example|secret.?key|password|(.)\1{15}/i;

/** Whether a key looks like a placeholder from an example. */
export function isPlaceholder(secretKey: string): boolean {
  return PLACEHOLDER.test(secretKey);
}

/**
 * @param settings as far as they could be parsed
 * @param isGiven whether a setting was given, valid or not
 * @returns what production refuses
 */
export function productionProblems(settings: Judged, isGiven: (name: string) => boolean): string[] {
  const problems = Object.entries(NEEDED).flatMap(([name, why]) =>
    // An invalid value has been reported already.
    isGiven(name) ? [] : [`${name}: required in production (${why})`],
  );
  if (settings.SECRET_KEY && isPlaceholder(settings.SECRET_KEY)) {
    problems.push('SECRET_KEY: is a placeholder; generate one with: openssl rand -base64 48');
  }
  if (settings.BCRYPT_COST !== undefined && settings.BCRYPT_COST < 10) {
    problems.push('BCRYPT_COST: production refuses less than 10');
  }
  for (const [name, url] of carryTokens(settings)) {
    // Its default has been reported as missing already.
    if (name === 'PUBLIC_URL' && !isGiven(name)) continue;
    if (isPlain(url) && !isOwnMachine(url)) {
      problems.push(
        `${name}: starts with http://, which would expose passwords and tokens; production requires https:// except for localhost`,
      );
    }
  }
  return problems;
}

/** Settings that production accepts, but that the operator should know of. */
export function productionWarnings(settings: Judged): string[] {
  return carryTokens(settings).flatMap(([name, url]) =>
    isPlain(url)
      ? [`${name} starts with http://: links in mails only work on this machine. Set the public https:// URL.`]
      : [],
  );
}

function isPlain(url: string): boolean {
  return new URL(url).protocol === 'http:';
}

/** What never leaves this machine: loopback addresses and `localhost` with all below it (RFC 6761, 6.3). */
export function isOwnMachine(url: string): boolean {
  return /^(?:(?:.*\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname);
}
