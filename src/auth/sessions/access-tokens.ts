import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
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

interface TokenHeader {
  readonly typ?: unknown;
  readonly alg?: unknown;
  readonly kid?: unknown;
}

/** Signs access tokens (RFC 9068, RFC 8725) and knows the public keys that verify them. */
@Injectable()
export class AccessTokens {
  private readonly privateKeys = new Map<string, KeyObject>();
  private readonly known = new Map<string, KeyObject>();

  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly jwt: JwtService,
    private readonly keyring: Keyring,
    private readonly clock: Clock,
  ) {}

  /** Lifetime of an access token in seconds. */
  get expiresIn(): number {
    return Math.floor(this.settings.ACCESS_TOKEN_TTL / 1000);
  }

  sign({ user, sid, assurance }: AccessTokenClaims): string {
    const { id, secret } = this.keyring.current('access-token');
    let key = this.privateKeys.get(id);
    if (!key) this.privateKeys.set(id, (key = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' })));
    return this.jwt.sign(
      {
        ...{ sid, role: user.role, epoch: user.version, ...claimsOf(assurance) },
        client_id: CLIENT_ID,
        iat: Math.floor(this.clock.now().getTime() / 1000),
      },
      {
        privateKey: key,
        algorithm: ACCESS_TOKEN_ALGORITHM,
        keyid: id,
        header: { alg: ACCESS_TOKEN_ALGORITHM, typ: ACCESS_TOKEN_TYPE },
        subject: user.id,
        issuer: this.settings.PUBLIC_URL,
        audience: this.settings.PUBLIC_URL,
        jwtid: randomUUID(),
        expiresIn: this.expiresIn,
        notBefore: -CLOCK_LEEWAY,
        // The key ring creates these keys itself, so their type need not be checked for each token.
        allowInvalidAsymmetricKeyTypes: true,
      },
    );
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
