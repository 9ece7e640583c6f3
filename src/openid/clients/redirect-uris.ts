/** In characters. */
export const MAX_URI = 2000;
export const MAX_URIS = 20;

/** The characters of a URI (RFC 3986, 2), and no others. */
const URI_CHARACTERS = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/;
/** A scheme that its owner's domain makes unique, such as `com.example.app` (RFC 8252, 7.1). */
const PRIVATE_USE_SCHEME = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/;
const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Why a client may not have a redirect URI (RFC 6749, 3.1.2; RFC 8252, 7 and 8; RFC 9700, 2.1 and 4.1); undefined if it may. It has to be
 * in normal form, as it is compared character by character.
 * @param isPublic whether the client runs on its user's device, where an application may own a scheme
 */
export function objectionToRedirect(uri: string, isPublic: boolean): string | undefined {
  if (uri.length > MAX_URI) return `must have at most ${MAX_URI} characters`;
  const url = URI_CHARACTERS.test(uri) ? URL.parse(uri) : null;
  if (!url) return 'must be an absolute URI, such as https://app.example.com/callback';
  if (uri.includes('#')) return 'must not have a fragment (#)';
  if (uri.includes('*')) return 'must not have a wildcard (*): list every URI';
  if (url.username !== '' || url.password !== '') return 'must not have a user name or password';
  return objectionToScheme(url, isPublic) ?? objectionToSpelling(uri, url);
}

/**
 * Whether another program on the same device could receive what is sent there, by claiming the scheme or listening on the port. Such a
 * request is never answered without the person (RFC 8252, 8.6), unless a secret proves who exchanges the code.
 */
export function isClaimable(uri: unknown): boolean {
  const url = typeof uri === 'string' ? URL.parse(uri) : null;
  return url?.protocol !== 'https:';
}

function objectionToScheme({ protocol, hostname }: URL, isPublic: boolean): string | undefined {
  if (protocol === 'https:') return undefined;
  if (protocol === 'http:') {
    if (LOOPBACK_HOSTS.includes(hostname)) return undefined;
    return 'must start with https://; http:// is for localhost, 127.0.0.1 and [::1] only';
  }
  if (!PRIVATE_USE_SCHEME.test(protocol)) {
    return 'must start with https://, or with a scheme that is a reversed domain name, such as com.example.app:/callback';
  }
  return isPublic ? undefined : 'must start with https://: a scheme of its own is for public clients';
}

/** Host in lower case, no port that goes without saying, no dot segments. */
function objectionToSpelling(uri: string, { href, hostname }: URL): string | undefined {
  if (hostname.endsWith('.')) return 'must not have a host that ends with a dot';
  return href === uri || href === `${uri}/` ? undefined : `must be in its normal form: ${href}`;
}
