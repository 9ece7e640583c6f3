import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { Forbidden, NotAuthenticated, RosterOutOfReach } from './errors.js';
import { Feed } from './feed.js';
import { type Role, type RosterUser, hasOneOf, isRole } from './user.js';

export interface VerifierOptions {
  /** The address of Roster, its `PUBLIC_URL`: `https://accounts.example.com`. It is the only issuer that is accepted. */
  readonly roster: string;
  /** The key of a service account with the scope `revocations:read`; a function is asked before each request, for keys that rotate. */
  readonly key: string | (() => string | Promise<string>);
  /** Whom tokens have to be for; `roster` by default, as the tokens of a sign-in are. */
  readonly audience?: string;
  /**
   * For how long revocations may be unknown, in milliseconds, before every token is refused with 503; 10,000 by default. Less than
   * 1000 makes the service depend on single answers of Roster.
   */
  readonly maxLag?: number;
  /** How often pages are read while there is no stream, in milliseconds; 1000 by default. */
  readonly pollEvery?: number;
  /** Where Roster is reached, if that is another address than `roster`, such as one in the same network. */
  readonly internalUrl?: string;
  /** Hears of every failure to reach Roster, for the log; verification goes on by itself. */
  readonly onError?: (error: unknown) => void;
}

const ALGORITHM = 'ES256';
const TYPE = 'at+jwt';
const CLOCK_TOLERANCE_SECONDS = 5;
const LONGEST_TOKEN = 8192;
const LOOK_FOR_KEYS_EVERY_MS = 250;

/**
 * Verifies access tokens of Roster locally: signature, issuer, audience, type and algorithm, none of which the token chooses; and that
 * its session has not ended, its user has the role of the token, and its key still counts, by the feed of revocations.
 */
export class Verifier {
  private readonly feed: Feed;
  private readonly keys: ReturnType<typeof createRemoteJWKSet>;
  private looking: Promise<void> | undefined;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private readonly claims: { readonly issuer: string; readonly audience: string };

  constructor({ roster, key, audience, maxLag = 10_000, pollEvery = 1000, internalUrl, onError }: VerifierOptions) {
    const issuer = roster.replace(/\/$/, '');
    const base = (internalUrl ?? issuer).replace(/\/$/, '');
    this.claims = { issuer, audience: audience ?? issuer };
    this.keys = createRemoteJWKSet(new URL(`${base}/.well-known/jwks.json`), {
      cacheMaxAge: 600_000,
      // What to do about an unknown key is decided here, see `newKeys`.
      cooldownDuration: Number.POSITIVE_INFINITY,
      timeoutDuration: 5000,
    });
    this.feed = new Feed({
      url: new URL(`${base}/auth/revocations`),
      key: typeof key === 'function' ? key : () => key,
      maxLagMs: maxLag,
      pollMs: pollEvery,
      onError: onError ?? (() => undefined),
      // So that no request waits for the new one. Where this fails, the next token of an unknown key asks again.
      onKeys: () => void this.newKeys().catch(() => undefined),
    });
  }

  /** How long ago all revocations were known, in milliseconds: for metrics and health checks. */
  get lag(): number {
    return this.feed.lagMs;
  }

  /** Waits until revocations are known for the first time. @throws RosterOutOfReach if that takes longer than `maxLag` */
  async ready(): Promise<void> {
    if (!(await this.feed.isCurrent())) throw new RosterOutOfReach(this.feed.lastError);
  }

  /**
   * @returns whose token it is, with the role that it was issued with: a change of the role revokes it
   * @throws NotAuthenticated; RosterOutOfReach if that cannot be determined
   */
  async verify(token: string): Promise<RosterUser> {
    const { payload, kid } = await this.prove(token);
    const { sub, sid, role, iat, epoch } = payload;
    if (typeof sub !== 'string' || typeof sid !== 'string' || !isRole(role) || typeof iat !== 'number') {
      throw new NotAuthenticated('invalid');
    }
    // After the signature, whose check may have waited for keys.
    await this.ready();
    const known = typeof epoch === 'number' ? epoch : undefined;
    if (this.feed.known.revokes({ sub, sid, kid, iat, epoch: known })) throw new NotAuthenticated('revoked');
    return { id: sub, role, sessionId: sid, claims: payload };
  }

  /**
   * For a request by its `Authorization` header.
   * @param roles one of which is needed, or a higher one; none for every user
   * @throws as `verify`; Forbidden
   */
  async authorize(authorization: string | undefined, roles: readonly Role[] = []): Promise<RosterUser> {
    const [, token] = /^Bearer +([^\s]+)$/i.exec(authorization?.slice(0, LONGEST_TOKEN + 10) ?? '') ?? [];
    if (token === undefined) throw new NotAuthenticated('missing');
    const user = await this.verify(token);
    if (!hasOneOf(user.role, roles)) throw new Forbidden();
    return user;
  }

  /** Ends the connection to Roster; nothing is verified any more. */
  close(): void {
    this.feed.close();
  }

  private async prove(token: string): Promise<{ payload: Record<string, unknown>; kid: string }> {
    if (token.length > LONGEST_TOKEN) throw new NotAuthenticated('invalid');
    // First: without one, several keys fit, and none is at fault.
    const kid = kidOf(token);
    if (kid === undefined) throw new NotAuthenticated('invalid');
    try {
      const { payload } = await this.check(token).catch(async (error: unknown) => {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        await this.newKeys();
        return this.check(token);
      });
      return { payload, kid };
    } catch (error) {
      if (isOfTheToken(error)) throw new NotAuthenticated('invalid');
      throw new RosterOutOfReach(error);
    }
  }

  private check(token: string): ReturnType<typeof jwtVerify> {
    return jwtVerify(token, this.keys, {
      ...this.claims,
      algorithms: [ALGORITHM],
      typ: TYPE,
      requiredClaims: ['sub', 'sid', 'role', 'iat', 'exp'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
  }

  /** Fetches the keys again, four times a second at most: anybody can write any `kid`. Those who ask meanwhile wait for the next time. */
  private newKeys(): Promise<void> {
    const fetchThem = async (): Promise<void> => {
      const wait = this.lookedAt + LOOK_FOR_KEYS_EVERY_MS - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      this.lookedAt = performance.now();
      await this.keys.reload();
    };
    return (this.looking ??= fetchThem().finally(() => (this.looking = undefined)));
  }
}

/** The key that the token names. */
function kidOf(token: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(token);
    return typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
}

/** Of these, the keys that Roster gave are the cause, not the token. */
const OF_THE_KEYS = [errors.JWKSTimeout, errors.JWKSInvalid, errors.JWKInvalid, errors.JWKSMultipleMatchingKeys];

/** Of the other errors, such as a network that is down, a token is not the cause. */
function isOfTheToken(error: unknown): boolean {
  const isOfTheKeys = OF_THE_KEYS.some((one) => error instanceof one);
  return error instanceof errors.JOSEError && !isOfTheKeys && error.code !== 'ERR_JOSE_GENERIC';
}
