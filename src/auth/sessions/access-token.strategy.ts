import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { ACCESS_TOKEN_STRATEGY } from '../../access/access.guard.js';
import type { Caller } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ACCESS_TOKEN_ALGORITHM, type AccessTokenClaims, AccessTokens } from './access-tokens.js';
import { Sessions } from './sessions.js';

/** Proves an access token by signature and claims, then asks whether its session and user are still good now. */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, ACCESS_TOKEN_STRATEGY) {
  constructor(
    @InjectSettings() settings: Settings,
    accessTokens: AccessTokens,
    private readonly sessions: Sessions,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // The algorithm is fixed here and never taken from the token (RFC 8725, 3.1).
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      issuer: settings.PUBLIC_URL,
      audience: settings.PUBLIC_URL,
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, key?: string) => void) => {
        const key = accessTokens.publicKeyFor(headerOf(token));
        if (key) done(null, key as unknown as string);
        else done('the token was not signed here');
      },
    });
  }

  /** @returns false when the session has ended or the user may not sign in (any more) */
  async validate({ sub, sid }: AccessTokenClaims): Promise<Caller | false> {
    return (await this.sessions.caller(sid, sub)) ?? false;
  }
}

function headerOf(token: string): { typ?: unknown; alg?: unknown; kid?: unknown } {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString());
    return typeof header === 'object' && header !== null ? header : {};
  } catch {
    return {};
  }
}
