import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ServiceToken } from '../../access/allow.decorator.js';
import type { Authentication } from '../../access/authentication.js';
import { type Caller, contextOf } from '../../access/caller.js';
import { KEY_PREFIX, ServiceKeyCheck } from '../../access/service-key-check.js';
import { LruCache } from '../../async/lru-cache.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type Statement, Statements } from '../../database/statements.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { AccessTokenAuthentication, bearerOf } from './access-token.authentication.js';
import { SessionCookies } from './session-cookies.js';
import { SessionStates } from './session-states.js';

/** The use of a browser session is recorded at most this often; more often only where sessions idle out sooner. */
const NOTE_USE_EVERY_MS = 60_000;
const REMEMBERED = 20_000;

/**
 * Who sends a request: by an access token, by the key of a service account, or by the cookie of a browser session. A token wins over a cookie, and a bad token never
 * falls back to one, or a client could not tell which of them it acts with.
 */
@Injectable()
export class RequestAuthentication implements Authentication {
  private readonly usedAt = new LruCache<number>(REMEMBERED);
  private readonly noteEveryMs: number;

  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
    private readonly tokens: AccessTokenAuthentication,
    private readonly keys: ServiceKeyCheck,
    private readonly cookies: SessionCookies,
    private readonly states: SessionStates,
    private readonly statements: Statements,
  ) {
    this.noteEveryMs = Math.min(NOTE_USE_EVERY_MS, settings.REFRESH_TOKEN_IDLE_TTL / 4);
  }

  /** @throws CrossSiteRequest for an unsafe request by cookie from elsewhere; as `ServiceKeyCheck.callerOf` */
  async callerOf(request: FastifyRequest, isUse = true): Promise<Caller | undefined> {
    if (request.headers.authorization !== undefined) {
      const bearer = bearerOf(request);
      if (bearer?.startsWith(KEY_PREFIX)) return this.keys.callerOf(bearer, contextOf(request).ip);
      return this.tokens.callerOf(request);
    }
    const cookie = this.cookies.read(request);
    if (!cookie) return undefined;
    const caller = await this.states.callerByCookie(cookie);
    if (!caller) return undefined;
    this.cookies.refuseCrossSite(request);
    if (isUse) this.noteUse(caller.sessionId, request);
    return caller;
  }

  isService(request: Pick<FastifyRequest, 'headers'>, token: ServiceToken): boolean {
    return this.tokens.isService(request, token);
  }

  /** Extends an idle session. No request waits for it. A failed attempt is repeated when the next one is due. */
  private noteUse(sessionId: string, request: FastifyRequest): void {
    const now = performance.now();
    const last = this.usedAt.get(sessionId);
    if (last !== undefined && now - last < this.noteEveryMs) return;
    this.usedAt.set(sessionId, now);
    this.statements
      .execute(NOTE_USE, [sessionId, this.settings.REFRESH_TOKEN_IDLE_TTL, this.noteEveryMs, contextOf(request).ip])
      .catch((error: unknown) => {
        this.log.warn({ reason: (error as Error).message }, 'could not record the use of a browser session');
      });
  }
}

// With several servers, one of them writes. A locked session is being changed, and may be ending.
const NOTE_USE: Statement = {
  name: 'browser-session-used',
  text: `
    UPDATE sessions SET last_used_at = now(), ip = $4,
      idle_expires_at = least(now() + $2::float8 * interval '1 millisecond', absolute_expires_at)
    WHERE id = (
      SELECT id FROM sessions
      WHERE id = $1 AND ended_at IS NULL AND idle_expires_at > now()
        AND last_used_at < now() - $3::float8 * 0.8 * interval '1 millisecond'
      FOR UPDATE SKIP LOCKED)`,
};
