import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { UserRole } from '../../access/role.js';
import { Clock } from '../../config/clock.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type Key, Keyring } from '../../database/keyring.js';
import { type Assurance, claimsOf } from './assurance.js';

export const ACCESS_TOKEN_ALGORITHM = 'ES256';
/** RFC 9068: distinguishes access tokens from other kinds of JWT. */
const ACCESS_TOKEN_TYPE = 'at+jwt';
/** RFC 9068 requires the client id: the only clients are those of Roster's own API. */
const CLIENT_ID = 'roster';
/** Tolerated clock skew between servers in seconds, so that new tokens are accepted at once everywhere (RFC 7519, 4.1.5). */
export const CLOCK_LEEWAY = 30;

/** Far longer than our own tokens, in characters. */
export const MAX_ACCESS_TOKEN = 4096;

export interface AccessTokenClaims {
  readonly user: {
    readonly id: string;
    readonly role: UserRole;
    /** The epoch: a later change of the role revokes the token by it. */
    readonly version: number;
  };
  /** The session, which is checked on every request. */
  readonly sid: string;
  readonly assurance: Assurance;
}

/** A public key for other services (RFC 7517). */
export interface PublicKey extends JsonWebKey {
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: typeof ACCESS_TOKEN_ALGORITHM;
}

interface Signer {
  readonly header: string;
  readonly key: KeyObject;
}

interface TokenHeader {
  readonly typ?: unknown;
  readonly alg?: unknown;
  readonly kid?: unknown;
}

/** Signs access tokens (RFC 9068, RFC 8725) and knows the public keys that verify them. */
@Injectable()
export class AccessTokens {
  private readonly signers = new Map<string, Signer>();
  private readonly known = new Map<string, KeyObject>();

  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly keyring: Keyring,
    private readonly clock: Clock,
  ) {}

  /** Lifetime of an access token in seconds. */
  get expiresIn(): number {
    return Math.floor(this.settings.ACCESS_TOKEN_TTL / 1000);
  }

  /** A JWS in compact form (RFC 7515, 7.1). */
  sign({ user, sid, assurance }: AccessTokenClaims): string {
    const { header, key } = this.signer();
    const { PUBLIC_URL } = this.settings;
    const now = Math.floor(this.clock.now().getTime() / 1000);
    const claims = {
      ...{ sid, role: user.role, epoch: user.version, ...claimsOf(assurance) },
      client_id: CLIENT_ID,
      iat: now,
      nbf: now - CLOCK_LEEWAY,
      exp: now + this.expiresIn,
      aud: PUBLIC_URL,
      iss: PUBLIC_URL,
      sub: user.id,
      jti: randomUUID(),
    };
    const text = `${header}.${encoded(claims)}`;
    const signature = sign('sha256', Buffer.from(text), key);
    return `${text}.${signature.toString('base64url')}`;
  }

  /** What each token of the current key has in common. */
  private signer(): Signer {
    const { id, secret } = this.keyring.current('access-token');
    let signer = this.signers.get(id);
    if (!signer) {
      const header = encoded({ alg: ACCESS_TOKEN_ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid: id });
      signer = { header, key: signingKey(secret) };
      this.signers.set(id, signer);
    }
    return signer;
  }

  /** The key that verifies this token; undefined unless type, algorithm and key id in its header are ours. */
  publicKeyFor(token: string): KeyObject | undefined {
    const kid = keyIdOf(token);
    // First: a destroyed key verifies nothing.
    const key = kid === undefined ? undefined : this.keyring.find('access-token', kid);
    return key && this.publicKeyOf(key);
  }

  /** Whether this server knows the key, and it was not destroyed. */
  hasKey(kid: string): boolean {
    return this.keyring.find('access-token', kid) !== undefined;
  }

  /** The keys for verification: the current one, and previous ones until they are destroyed. */
  publicKeys(): PublicKey[] {
    return this.keyring.all('access-token').map((key) => ({
      ...this.publicKeyOf(key).export({ format: 'jwk' }),
      kid: key.id,
      use: 'sig',
      alg: ACCESS_TOKEN_ALGORITHM,
    }));
  }

  private publicKeyOf({ id, secret }: Key): KeyObject {
    let key = this.known.get(id);
    if (!key) {
      key = createPublicKey(createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' }));
      this.known.set(id, key);
    }
    return key;
  }
}

/**
 * A key whose signatures are the two halves side by side (RFC 7518, 3.4). `sign` reads the encoding from whatever it is given as the key;
 * to unwrap an object around the key takes it as long as to sign.
 */
function signingKey(secret: Buffer): KeyObject {
  const key = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
  return Object.assign(key, { dsaEncoding: 'ieee-p1363' } as const);
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** The key id of a token. @returns undefined unless the header is that of one of our tokens */
export function keyIdOf(token: string): string | undefined {
  const { typ, alg, kid } = headerOf(token);
  return typ === ACCESS_TOKEN_TYPE && alg === ACCESS_TOKEN_ALGORITHM && typeof kid === 'string' ? kid : undefined;
}

function headerOf(token: string): TokenHeader {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString());
    return typeof header === 'object' && header !== null ? header : {};
  } catch {
    return {};
  }
}
