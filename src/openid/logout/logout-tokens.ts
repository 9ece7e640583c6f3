import { createPrivateKey, type JsonWebKey, randomUUID, sign } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../config/clock.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { IdTokenAlgorithm } from '../clients/client.js';
import { SigningKeys } from '../provider/signing-keys.js';

/** A session that has ended, for one client. */
export interface EndedSession {
  readonly clientId: string;
  readonly sessionId: string;
  readonly userId: string;
}

/** OpenID Connect Back-Channel Logout 1.0, 2.4: two minutes at most. */
const LIFETIME_S = 120;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Makes logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4), signed as the id_tokens of the client are. */
@Injectable()
export class LogoutTokens {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly keys: SigningKeys,
    private readonly clock: Clock,
  ) {}

  /** @returns a token that is good for two minutes from now on */
  async make({ clientId, sessionId, userId }: EndedSession, alg: IdTokenAlgorithm): Promise<string> {
    const { keys } = await this.keys.current();
    // The first of an algorithm is the one that signs.
    const key = keys.find((one) => one['alg'] === alg);
    if (!key) throw new Error(`There is no key for ${alg}`);
    const now = Math.floor(this.clock.now().getTime() / 1000);
    return signed(key, alg, {
      iss: this.settings.PUBLIC_URL,
      aud: clientId,
      sub: userId,
      sid: sessionId,
      iat: now,
      exp: now + LIFETIME_S,
      jti: randomUUID(),
      events: { [LOGOUT_EVENT]: {} },
    });
  }
}

/** A JWS in compact form (RFC 7515, 7.1); its type keeps it from being taken for an id_token (RFC 8725, 3.11). */
function signed(key: JsonWebKey, alg: IdTokenAlgorithm, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg, typ: 'logout+jwt', kid: key['kid'] })}.${part(claims)}`;
  const privateKey = createPrivateKey({ key, format: 'jwk' });
  // RFC 7518, 3.4: the two halves of an ES256 signature side by side.
  const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
