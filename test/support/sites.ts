export type Headers = Readonly<Record<string, string>>;

/** In CORS_ORIGINS, where a test says so. */
export const LISTED_ORIGIN = 'https://app.example.com';
export const SAME_ORIGIN: Headers = { 'sec-fetch-site': 'same-origin' };

/** From where a browser may say that a request comes, and whether a change by cookie is taken from there. */
export const SITES: readonly (readonly [string, Headers, boolean])[] = [
  ['same origin', SAME_ORIGIN, true],
  ['its own Origin', { origin: 'http://localhost:3000' }, true],
  ['a listed origin', { 'sec-fetch-site': 'cross-site', origin: LISTED_ORIGIN }, true],
  ['same site', { 'sec-fetch-site': 'same-site', origin: 'http://evil.localhost:3000' }, false],
  ['cross site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, false],
  ['an opaque origin', { origin: 'null' }, false],
  ['none', { 'sec-fetch-site': 'none' }, false],
  ['no header', {}, false],
];
