import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { UserRole } from '../../access/role.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Keyring } from '../../database/keyring.js';

const ACCESS_TOKEN_ALGORITHM = 'ES256';
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

/** Signs access tokens (RFC 9068, RFC 8725) and verifies them. */
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

  /** The claims of a token that was signed here and whose time it is; undefined for any other. */
  async verify(token: string): Promise<AccessTokenClaims | undefined> {
    const publicKey = this.publicKeyFor(headerOf(token));
    if (!publicKey) return undefined;
    try {
      return await this.jwt.verifyAsync<AccessTokenClaims>(token, {
        // Its types know of PEM only; a key object is not parsed again each time.
        publicKey: publicKey as unknown as string,
        // The algorithm is fixed here and never taken from the token (RFC 8725, 3.1).
        algorithms: [ACCESS_TOKEN_ALGORITHM],
        issuer: this.settings.PUBLIC_URL,
        audience: this.settings.PUBLIC_URL,
      });
    } catch {
      return undefined;
    }
  }

  /** The key that verifies a token with this header; undefined unless type, algorithm and key id are ours. */
  private publicKeyFor(header: TokenHeader): KeyObject | undefined {
    const { typ, alg, kid } = header;
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
