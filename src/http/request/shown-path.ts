// Longer than an id (36) or the name of a file, and shorter than any token (43 for 256 bits).
const LONGEST_SEGMENT = 40;
// Without a query, and with nothing that could hide a token.
const PLAIN = new RegExp(`^(?:/[A-Za-z0-9._~-]{1,${LONGEST_SEGMENT}})+$`);
// Absolute form (RFC 9112, 3.2.2).
const ABSOLUTE = /^https?:\/\/[^/?#]*/i;

/**
 * The part of a request target that may appear in logs and responses: its path, up to the first character that our paths do not
 * contain. Never the query, which may hold a one-time token; nor what follows a character with which a mail client or proxy may
 * have replaced `?` (`;token=`, `%3ftoken=`, `#token=`), nor a segment that could be a token itself.
 */
export function shownPath(target: string): string {
  // Nearly all of them.
  if (PLAIN.test(target)) return target;
  const [path = ''] = /^[A-Za-z0-9/._~-]*/.exec(target.replace(ABSOLUTE, '')) ?? [];
  const segments = path.split('/').map((segment) => (segment.length > LONGEST_SEGMENT ? '...' : segment));
  return segments.join('/') || '/';
}
