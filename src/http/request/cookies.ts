import { pathPrefixOf } from '../../config/path-prefix.js';

/**
 * The values of all cookies of this name in a `Cookie` header (RFC 6265, 5.4). Only spaces and tabs around a name are ignored: with
 * `trim`, a name that begins with another white space, such as U+00A0, would be taken for one with the prefix `__Host-`, which
 * browsers let other hosts set.
 */
export function cookiesNamed(header: string, name: string): string[] {
  const values: string[] = [];
  for (const pair of header.split(';')) {
    const end = pair.indexOf('=');
    if (end !== -1 && withoutBlanks(pair.slice(0, end)) === name) values.push(withoutBlanks(pair.slice(end + 1)));
  }
  return values;
}

/** Without a pattern: every request by cookie comes here. */
function withoutBlanks(text: string): string {
  let [begin, end] = [0, text.length];
  while (begin < end && isBlank(text.charCodeAt(begin))) begin++;
  while (end > begin && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(begin, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/**
 * The name and attributes of a cookie of this host alone that scripts cannot read. Under https it has the prefix that keeps other
 * hosts from setting it (`__Host-`, RFC 6265bis, 4.1.3.2). Below a path, it is not sent to what else this host serves, and a
 * `__Host-` cookie would be: it has `__Secure-` then.
 * @param maxAgeSeconds absent for one that ends with the browser's own session
 */
export function ownCookie(
  name: string,
  sameSite: 'Lax' | 'Strict',
  { publicUrl, maxAgeSeconds }: { readonly publicUrl: string; readonly maxAgeSeconds?: number },
): { readonly name: string; readonly attributes: string } {
  const maxAge = maxAgeSeconds === undefined ? '' : `; Max-Age=${maxAgeSeconds}`;
  const prefix = pathPrefixOf(publicUrl);
  const attributes = `Path=${prefix || '/'}${maxAge}; HttpOnly; SameSite=${sameSite}`;
  if (!publicUrl.startsWith('https:')) return { name, attributes };
  return { name: `${prefix === '' ? '__Host-' : '__Secure-'}${name}`, attributes: `${attributes}; Secure` };
}
