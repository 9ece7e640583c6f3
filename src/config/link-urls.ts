import type { Parser } from './parsers.js';

/** The links in mails that can lead to a page of the application's own. */
export const LINK_NAMES = [
  'verify-email',
  'invitation',
  'magic-link',
  'reset-password',
  'confirm-email-change',
  'confirm-contact',
  'unlock',
  'restore-account',
  /** No one-time link: the "Sign in" of mails and pages. */
  'sign-in',
] as const;
export type LinkName = (typeof LINK_NAMES)[number];
export type LinkUrls = Readonly<Partial<Record<LinkName, string>>>;

/**
 * `verify-email=https://app.example.com/verify reset-password=https://app.example.com/reset`: entries separated by white space, also
 * by line breaks.
 * @throws Error naming every wrong entry
 */
export const linkUrls: Parser<LinkUrls> = (value) => {
  const urls: Partial<Record<LinkName, string>> = {};
  const problems = value
    .split(/\s+/)
    .filter((entry) => entry !== '')
    .flatMap((entry, index) => {
      // Values are not repeated: somebody may have put a secret here by mistake.
      const place = `entry ${index + 1}`;
      const end = entry.indexOf('=');
      const name = entry.slice(0, Math.max(0, end));
      if (end === -1) return [`${place}: expected <link>=<URL>`];
      if (!isLinkName(name)) return [`${place}: there is no such link; expected one of ${LINK_NAMES.join(', ')}`];
      if (urls[name] !== undefined) return [`${name} is given twice`];
      const url = entry.slice(end + 1);
      const problem = problemOf(url);
      if (problem === undefined) urls[name] = url;
      return problem === undefined ? [] : [`${name}: ${problem}`];
    });
  if (problems.length > 0) throw new Error(problems.join('; '));
  return urls;
};

/** Where the links lead that do not open Roster's own pages. `MAGIC_LINK_URL` is the older spelling of one of them. */
export function ownPages({ LINK_URLS, MAGIC_LINK_URL }: LinkSettings): LinkUrls {
  return { ...(MAGIC_LINK_URL !== undefined && { 'magic-link': MAGIC_LINK_URL }), ...LINK_URLS };
}

/** The URL of an own page, with the token in the fragment, which browsers send to no server. */
export function withToken(page: string, token: string): string {
  const url = new URL(page);
  url.hash = `token=${token}`;
  return url.href;
}

/** What is given twice, by both spellings. */
export function contradictingLinkUrls({ LINK_URLS, MAGIC_LINK_URL }: LinkSettings): string[] {
  return MAGIC_LINK_URL !== undefined && LINK_URLS?.['magic-link'] !== undefined
    ? ['MAGIC_LINK_URL: LINK_URLS has a page for magic-link, too; remove one of the two']
    : [];
}

/** For an operator whose mails lead to pages of Roster although its hosted pages are switched off. */
export function linkWarnings(settings: LinkSettings & { readonly HOSTED_PAGES?: boolean }): string[] {
  if (settings.HOSTED_PAGES !== false) return [];
  const own = ownPages(settings);
  const missing = LINK_NAMES.filter((name) => own[name] === undefined);
  return missing.length === 0
    ? []
    : [
        `HOSTED_PAGES=false, but LINK_URLS has no page for ${missing.join(', ')}: these links in mails open plain pages of Roster, without a way on`,
      ];
}

interface LinkSettings {
  readonly LINK_URLS?: LinkUrls | undefined;
  readonly MAGIC_LINK_URL?: string | undefined;
}

function isLinkName(name: string): name is LinkName {
  return (LINK_NAMES as readonly string[]).includes(name);
}

function problemOf(url: string): string | undefined {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return 'expected a URL that starts with https:// or http://';
  if (parsed.username !== '' || parsed.password !== '') return 'expected a URL without user and password';
  return url.includes('#') ? 'expected a URL without a fragment: #token= is added' : undefined;
}
