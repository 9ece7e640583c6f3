import { hash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import passport from 'passport';
import { Strategy } from 'passport-jwt';
import type { ServiceToken } from '../../access/allow.decorator.js';
import type { Authentication } from '../../access/authentication.js';
import type { Caller } from '../../access/caller.js';
import { Clock } from '../../config/clock.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { ACCESS_TOKEN_ALGORITHM, AccessTokens, CLOCK_LEEWAY, keyIdOf, MAX_ACCESS_TOKEN } from './access-tokens.js';
import { LruCache } from '../../async/lru-cache.js';
import { Revocations } from './revocations.js';
import { SessionStates } from './session-states.js';

const STRATEGY = 'access-token';
const REMEMBERED = 20_000;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** The claims of a verified access token. */
export interface ProvedToken {
  readonly sub: string;
  readonly sid: string;
  /** Seconds, as in the token. */
  readonly exp: number;
  readonly nbf: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly client_id?: string;
  readonly epoch?: number;
}

/** A valid token, and the current user of its session. */
export interface IntrospectedToken {
  readonly proved: ProvedToken;
  readonly caller: Caller;
}

interface RememberedToken {
  /** The key that signed it. */
  readonly kid: string;
  readonly token: ProvedToken;
}

interface Headers {
  readonly headers: FastifyRequest['headers'];
}

/** The input of passport for a request. */
interface TokenRequest {
  readonly token: string;
}

type Handler = (request: object, response: object, next: (error: unknown) => void) => void;

const BEARER = new RegExp(`^Bearer +([^ ]{1,${MAX_ACCESS_TOKEN}})$`, 'i');

/** The token of an `Authorization` header (RFC 6750, 2.1). Not passport's extractor, whose pattern takes quadratic time. */
export function bearerOf({ headers }: Headers): string | null {
  return BEARER.exec(headers.authorization ?? '')?.[1] ?? null;
}

/**
 * Verifies the signature and claims of an access token, then checks that its session and user are still active. Verified tokens are
 * cached by SHA-256 until they expire or their key is destroyed: verifying again would cost more than the rest of a read request.
 */
@Injectable()
export class AccessTokenAuthentication extends PassportStrategy(Strategy, STRATEGY) implements Authentication {
  // No initialiser, which would only run after the constructor of the strategy needs the value.
  declare private own: passport.Authenticator | undefined;
  private readonly proved = new LruCache<RememberedToken>(REMEMBERED);

  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly accessTokens: AccessTokens,
    private readonly revocations: Revocations,
    private readonly states: SessionStates,
    private readonly clock: Clock,
  ) {
    super({
      jwtFromRequest: ({ token }: TokenRequest) => token,
      // The algorithm is fixed here and never taken from the token (RFC 8725, 3.1).
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      issuer: settings.PUBLIC_URL,
      audience: settings.PUBLIC_URL,
      // Checked in `validate`, which uses Roster's clock and tolerates clock skew of the signing server.
      ignoreExpiration: true,
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- passport-jwt passes this on in no other way
      jsonWebTokenOptions: { ignoreNotBefore: true },
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, key?: string) => void) => {
        const key = accessTokens.publicKeyFor(token);
        // The types only allow PEM, but a key object avoids parsing it each time.
        if (key) done(null, key as unknown as string);
        else done('the token was not signed here');
      },
    });
  }

  /** An own passport instance: the exported one is shared by all applications of a process. */
  getPassportInstance(): passport.Authenticator {
    return (this.own ??= new passport.Passport());
  }

  /** Missing claims make a token invalid, like wrong ones. */
  validate({
    sub,
    sid,
    exp,
    nbf,
    iat,
    jti,
    client_id,
    epoch,
  }: Record<keyof ProvedToken, unknown>): ProvedToken | false {
    if (!isId(sub) || !isId(sid) || typeof exp !== 'number' || typeof nbf !== 'number') return false;
    const now = this.clock.now().getTime() / 1000;
    if (exp <= now || nbf > now + CLOCK_LEEWAY) return false;
    return {
      sub,
      sid,
      exp,
      nbf,
      ...(typeof iat === 'number' && { iat }),
      ...(typeof jti === 'string' && { jti }),
      ...(typeof client_id === 'string' && { client_id }),
      ...(typeof epoch === 'number' && { epoch }),
    };
  }

  async callerOf({ headers }: Headers): Promise<Caller | undefined> {
    const token = bearerOf({ headers });
    return token === null ? undefined : (await this.introspect(token))?.caller;
  }

  isService({ headers }: Headers, { setting, freeInDevelopment }: ServiceToken): boolean {
    const expected = this.settings[setting];
    if (expected === undefined) return freeInDevelopment && this.settings.NODE_ENV !== 'production';
    const given = bearerOf({ headers });
    if (given === null) return false;
    // Digests of equal length, for a constant-time comparison.
    return timingSafeEqual(hash('sha256', expected, 'buffer'), hash('sha256', given, 'buffer'));
  }

  /** The claims of an access token and its current user; undefined if it is not (or no longer) valid. */
  async introspect(token: string): Promise<IntrospectedToken | undefined> {
    if (token.length > MAX_ACCESS_TOKEN) return undefined;
    const digest = hash('sha256', token, 'base64');
    const known = this.proved.get(digest);
    if (known && known.token.exp * 1000 <= this.clock.now().getTime()) return undefined;
    const kid = known?.kid ?? keyIdOf(token);
    if (kid === undefined) return undefined;
    // A destroyed key verifies nothing, and cached results of it are void.
    const proved = known && this.accessTokens.hasKey(kid) ? known.token : await this.prove(token, kid);
    if (!proved) return undefined;
    if (!known) this.proved.set(digest, { kid, token: proved });
    const caller = await this.states.callerOf(proved.sid, proved.sub);
    return caller && { proved, caller };
  }

  private async prove(token: string, kid: string): Promise<ProvedToken | undefined> {
    // Another server may already sign with a new key. Any number of such tokens share one read.
    if (!this.accessTokens.hasKey(kid)) await this.revocations.readNow();
    return new Promise((resolve, reject) => {
      const answer = (error: Error | null, proved: ProvedToken | false | null): void => {
        if (error) reject(error);
        else resolve(proved || undefined);
      };
      const authenticate = this.getPassportInstance().authenticate(STRATEGY, { session: false }, answer) as Handler;
      const request: TokenRequest = { token };
      authenticate(request, {}, reject);
    });
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}
