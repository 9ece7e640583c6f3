import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ServiceToken } from '../../access/allow.decorator.js';
import type { Authentication } from '../../access/authentication.js';
import type { Caller } from '../../access/caller.js';
import { LruCache } from '../../async/lru-cache.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type Statement, Statements } from '../../database/statements.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { AccessTokenAuthentication } from './access-token.authentication.js';
import { SessionCookies } from './session-cookies.js';
import { SessionStates } from './session-states.js';

/** The last use of a browser session is written so often at most. */
const NOTE_USE_EVERY_MS = 60_000;
const REMEMBERED = 20_000;

/**
 * Who sends a request: by an access token, or by the cookie of a browser session. A token wins over a cookie, and a bad token never
 * falls back to one, or a client could not tell which of them it acts with.
 */
@Injectable()
export class RequestAuthentication implements Authentication {
  private readonly usedAt = new LruCache<number>(REMEMBERED);

  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
    private readonly tokens: AccessTokenAuthentication,
    private readonly cookies: SessionCookies,
    private readonly states: SessionStates,
    private readonly statements: Statements,
  ) {}

  /** @throws CrossSiteRequest for an unsafe request by cookie from elsewhere */
  async callerOf(request: Pick<FastifyRequest, 'method' | 'headers'>): Promise<Caller | undefined> {
    if (request.headers.authorization !== undefined) return this.tokens.callerOf(request);
    const cookie = this.cookies.read(request);
    if (!cookie) return undefined;
    const caller = await this.states.callerByCookie(cookie);
    if (!caller) return undefined;
    this.cookies.refuseCrossSite(request);
    this.noteUse(caller.sessionId);
    return caller;
  }

  isService(request: Pick<FastifyRequest, 'headers'>, token: ServiceToken): boolean {
    return this.tokens.isService(request, token);
  }

  /** Puts the end of an idle session off. Nobody waits for it: a session lasts longer than a minute. */
  private noteUse(sessionId: string): void {
    const now = performance.now();
    const last = this.usedAt.get(sessionId);
    if (last !== undefined && now - last < NOTE_USE_EVERY_MS) return;
    this.usedAt.set(sessionId, now);
    this.statements
      .read(NOTE_USE, [sessionId, this.settings.REFRESH_TOKEN_IDLE_TTL, NOTE_USE_EVERY_MS])
      .catch((error: unknown) => {
        this.usedAt.delete(sessionId);
        this.log.warn({ reason: (error as Error).message }, 'could not note that a browser session was used');
      });
  }
}

// Of several servers, one writes.
const NOTE_USE: Statement = {
  name: 'browser-session-used',
  text: `
    UPDATE sessions SET last_used_at = now(),
      idle_expires_at = least(now() + $2::float8 * interval '1 millisecond', absolute_expires_at)
    WHERE id = $1 AND ended_at IS NULL AND idle_expires_at > now()
      AND last_used_at < now() - $3::float8 * 0.8 * interval '1 millisecond'`,
};
