import { Injectable } from '@nestjs/common';
import { isAppRedirect } from '../../config/app-redirects.js';
import { pathPrefixOf, withoutPrefix } from '../../config/path-prefix.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';

const LONGEST = 2000;

/**
 * Where `?continue=` may lead: to a path of this server, or to an address whose origin is in `SIGN_IN_REDIRECTS`. Anything else
 * would let a stranger's link lead from our sign-in page to a page that looks like ours (open redirect; OWASP ASVS 5.0 V3.7.2).
 */
@Injectable()
export class ContinueTargets {
  private readonly own: string;
  private readonly prefix: string;
  /** Besides our own. */
  readonly origins: readonly string[];
  private readonly apps: readonly string[];

  constructor(@InjectSettings() { PUBLIC_URL, SIGN_IN_REDIRECTS = [], APP_REDIRECTS = [] }: Settings) {
    this.own = new URL(PUBLIC_URL).origin;
    this.prefix = pathPrefixOf(PUBLIC_URL);
    this.origins = SIGN_IN_REDIRECTS;
    this.apps = APP_REDIRECTS;
  }

  /**
   * Compared by parsed origin, never by prefix: what a browser takes for another host is one.
   * @returns a path that begins with one slash, or an absolute URL; null if the target is missing or not allowed
   */
  check(given: string | undefined): string | null {
    const url = this.parse(given);
    if (!url) return null;
    if (url.origin !== this.own) return this.origins.includes(url.origin) ? url.href : null;
    // `/.//evil.example` is such a path once its dots are resolved; as a redirect it would name a host.
    if (url.pathname.startsWith('//')) return null;
    const path = withoutPrefix(url.pathname, this.prefix);
    if (path.startsWith('//')) return null;
    return path + url.search + url.hash;
  }

  /**
   * For what is of use to nobody but the application that asked, such as a code that only its verifier redeems: also to native apps,
   * whose redirect URIs are in `APP_REDIRECTS`.
   */
  checkForApplication(given: string | undefined): string | null {
    return given !== undefined && isAppRedirect(given, this.apps) ? given : this.check(given);
  }

  private parse(given: string | undefined): URL | null {
    // Browsers drop tabs and line breaks, and take a backslash for a slash: refused rather than repaired.
    if (given === undefined || given.length > LONGEST || !/^[\x21-\x7e]+$/.test(given) || given.includes('\\')) {
      return null;
    }
    if (/^\/(?!\/)/.test(given)) return URL.parse(given, this.own);
    const url = /^https?:\/\/[^/]/i.test(given) ? URL.parse(given) : null;
    return url?.username === '' && url.password === '' ? url : null;
  }
}

/** The path with `continue` and further values in its query. @param target checked */
export function withContinue(
  path: string,
  target: string | null,
  query: Readonly<Record<string, string>> = {},
): string {
  const search = new URLSearchParams({ ...query, ...(target !== null && { continue: target }) }).toString();
  return search === '' ? path : `${path}?${search}`;
}
