import { createPrivateKey, sign } from 'node:crypto';

/** The most that Apple allows is half a year; it is used within a minute. */
const LIFETIME_SECONDS = 300;

/** What Apple knows an application by. */
export interface AppleKey {
  readonly teamId: string;
  readonly keyId: string;
  /** P-256, in PEM. */
  readonly privateKey: string;
}

/** The client secret that Apple asks for in place of a fixed one: a JWT that we sign with ES256 (RFC 7523; RFC 7518, 3.4). */
export function appleSecret(
  { teamId, keyId, privateKey }: AppleKey,
  clientId: string,
  issuer: string,
  now: number,
): string {
  const header = { alg: 'ES256', kid: keyId };
  const claims = { iss: teamId, iat: now, exp: now + LIFETIME_SECONDS, aud: issuer, sub: clientId };
  const content = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const key = { key: createPrivateKey(privateKey), dsaEncoding: 'ieee-p1363' } as const;
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
}

/** What Apple adds to the first return of a person, unsigned: no more than a name comes of it. */
export function appleNames(user: string | null): Record<string, unknown> {
  try {
    const { name } = JSON.parse(user ?? '{}') as { name?: { firstName?: unknown; lastName?: unknown } };
    return { given_name: name?.firstName, family_name: name?.lastName };
  } catch {
    return {};
  }
}
