// Longer than an id (36) or the name of a file, and shorter than any token (43 for 256 bits).
const LONGEST_SEGMENT = 40;
// What a proxy is asked for (RFC 9112, 3.2.2).
const ABSOLUTE = /^https?:\/\/[^/?#]*/i;

/**
 * What of the target of a request may stand in logs and answers: its path, as far as a path of ours could go. The query never does, for it may hold a one-time token; nor what follows a character that a mail program or a proxy may have
 * put in place of `?` (`;token=`, `%3ftoken=`, `#token=`), nor a segment that could be a token by itself.
 */
export function shownPath(target: string): string {
  const [path = ''] = /^[A-Za-z0-9/._~-]*/.exec(target.replace(ABSOLUTE, '')) ?? [];
  const segments = path.split('/').map((segment) => (segment.length > LONGEST_SEGMENT ? '...' : segment));
  return segments.join('/') || '/';
}
