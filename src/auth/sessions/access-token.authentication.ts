import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Authentication } from '../../access/authentication.js';
import type { Caller } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ACCESS_TOKEN_ALGORITHM, type AccessTokenClaims, AccessTokens } from './access-tokens.js';
import { Sessions } from './sessions.js';

const STRATEGY = 'access-token';

type Handler = (request: object, response: object, next: (error: unknown) => void) => void;

/** Proves an access token by signature and claims, then asks whether its session and user are still good now. */
@Injectable()
export class AccessTokenAuthentication extends PassportStrategy(Strategy, STRATEGY) implements Authentication {
  // Without a value here, which would be set only after the constructor of the strategy has asked for it.
  declare private own: passport.Authenticator | undefined;

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
        const key = accessTokens.publicKeyFor(token);
        // The types know of PEM only; a key object is not parsed again each time.
        if (key) done(null, key as unknown as string);
        else done('the token was not signed here');
      },
    });
  }

  /** A passport of its own: the one that the package exports is shared by all applications of a process. */
  getPassportInstance(): passport.Authenticator {
    return (this.own ??= new passport.Passport());
  }

  /** @returns false when the session has ended or the user may not sign in (any more) */
  async validate({ sub, sid }: AccessTokenClaims): Promise<Caller | false> {
    return (await this.sessions.caller(sid, sub)) ?? false;
  }

  async callerOf({ headers }: Pick<FastifyRequest, 'headers'>): Promise<Caller | undefined> {
    return new Promise((resolve, reject) => {
      const answer = (error: Error | null, caller: Caller | false | null): void => {
        // A fault, such as an unreachable database, is not the caller's missing sign-in.
        if (error) reject(error);
        else resolve(caller || undefined);
      };
      const authenticate = this.getPassportInstance().authenticate(STRATEGY, { session: false }, answer) as Handler;
      // Passport writes to the request that it is given.
      authenticate({ headers }, {}, reject);
    });
  }
}
