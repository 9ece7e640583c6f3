import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { UserRole } from '../../access/role.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Keyring } from '../../database/keyring.js';

export const ACCESS_TOKEN_ALGORITHM = 'ES256';
/** RFC 9068: an access token cannot be taken for another kind of JWT. */
const ACCESS_TOKEN_TYPE = 'at+jwt';

export interface AccessTokenClaims {
  /** The user. */
  readonly sub: string;
  /** The session: it decides on every request whether the token is still good. */
  readonly sid: string;
  readonly role: UserRole;
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
  private readonly publicKeys = new Map<string, KeyObject>();

  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly jwt: JwtService,
    private readonly keyring: Keyring,
  ) {}

  /** Life of an access token in seconds. */
  get expiresIn(): number {
    return Math.floor(this.settings.ACCESS_TOKEN_TTL / 1000);
  }

  async sign({ sub, sid, role }: AccessTokenClaims): Promise<string> {
    const { id, secret } = this.keyring.current('access-token');
    let key = this.privateKeys.get(id);
    if (!key) this.privateKeys.set(id, (key = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' })));
    return this.jwt.signAsync(
      { sid, role },
      {
        privateKey: key,
        algorithm: ACCESS_TOKEN_ALGORITHM,
        keyid: id,
        header: { alg: ACCESS_TOKEN_ALGORITHM, typ: ACCESS_TOKEN_TYPE },
        subject: sub,
        issuer: this.settings.PUBLIC_URL,
        audience: this.settings.PUBLIC_URL,
        expiresIn: this.expiresIn,
        notBefore: 0,
      },
    );
  }

  /** The key that verifies this token; undefined unless the type, algorithm and key id of its header are ours. */
  publicKeyFor(token: string): KeyObject | undefined {
    const { typ, alg, kid } = headerOf(token);
    if (typ !== ACCESS_TOKEN_TYPE || alg !== ACCESS_TOKEN_ALGORITHM || typeof kid !== 'string') return undefined;
    const known = this.publicKeys.get(kid);
    if (known) return known;
    const key = this.keyring.find('access-token', kid);
    if (!key) return undefined;
    const publicKey = createPublicKey(createPrivateKey({ key: key.secret, format: 'der', type: 'pkcs8' }));
    this.publicKeys.set(kid, publicKey);
    return publicKey;
  }
}

function headerOf(token: string): TokenHeader {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString());
    return typeof header === 'object' && header !== null ? header : {};
  } catch {
    return {};
  }
}
