import { list, type Parser } from './parsers.js';

/** A private-use scheme is a domain name backwards, so that it has a dot (RFC 8252, 7.1). */
const OWN_SCHEME = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:\/[A-Za-z0-9._~/-]*$/;
/** By address: what `localhost` leads to is decided elsewhere (RFC 8252, 8.3). */
const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|\[::1\])(?:\/[A-Za-z0-9._~/-]*)?$/;
const PORT = /^(http:\/\/(?:127\.0\.0\.1|\[::1\])):\d{1,5}(?=\/|$)/;
const LONGEST = 2000;

/** Redirect URIs of native apps (RFC 8252): of a scheme of their own, or of their own machine, where any port is theirs. */
export const appRedirects: Parser<string[]> = (value) =>
  list(value).map((one) => {
    if (OWN_SCHEME.test(one) || LOOPBACK.test(one)) return one;
    throw new Error('expected com.example.app:/path or http://127.0.0.1/path, without port, query and fragment');
  });

/** Whether one of these is meant, with any query. Compared letter by letter but for the port of the own machine. */
export function isAppRedirect(given: string, allowed: readonly string[]): boolean {
  if (given.length > LONGEST || !/^[\x21-\x7e]+$/.test(given) || /[\\#]/.test(given)) return false;
  const [uri = ''] = given.split('?', 1);
  return allowed.includes(uri.replace(PORT, '$1'));
}
