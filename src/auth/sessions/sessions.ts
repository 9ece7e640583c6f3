import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { type RequestContext, systemContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { afterCommit, type Transaction } from '../../database/transaction.js';
import { newTraceId } from '../../config/trace-id.js';
import type { NewAuthEvent } from '../sign-in-evidence/auth-event.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';
import { AccessTokens } from './access-tokens.js';
import { type Assurance, MULTIPLE_FACTORS } from './assurance.js';
import { RefreshTokens, type TokenSource } from './refresh-tokens.js';
import { Revocations } from './revocations.js';
import type { BrowserSignIn } from './session-cookies.js';
import {
  newNonce,
  type NewSession,
  type SessionKind,
  SIGN_IN,
  type Somebody,
  START_SESSION,
  startValues,
  TOO_MANY,
} from './start-session.js';

/** Why a session ended; stored with it. */
export type EndReason =
  | 'signed-out'
  | 'signed-out-elsewhere'
  | 'signed-out-everywhere'
  | 'signed-in-again'
  | 'ended-by-staff'
  | 'too-many-sessions'
  | 'refresh-token-reused'
  | 'password-changed'
  | 'password-reset'
  | 'email-changed'
  | 'address-proved'
  | 'factors-removed'
  | 'second-factor-required'
  | 'suspended'
  | 'deleted'
  | 'backup-restored';

/** The tokens of a session. */
export interface SessionTokens {
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  /** Seconds. */
  readonly expiresIn: number;
  readonly refreshToken: string;
}

/** One device on which somebody is signed in. */
export interface Session {
  readonly id: string;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly created_at: Date;
  readonly last_used_at: Date;
  readonly expires_at: Date;
  /** `BROWSER` is proved by a cookie, `API` by tokens. */
  readonly kind: SessionKind;
  /** By which methods (RFC 8176); empty where that is not known. */
  readonly amr: string[];
  readonly authenticated_at: Date;
}

/** What a session was started with. */
export interface StartedSession {
  readonly source: TokenSource;
  /** Undefined for a browser session, which has a cookie. */
  readonly tokens: SessionTokens | undefined;
}

type StartedRow = Assurance & { readonly ended: string[] };
type SignInRow = StartedRow & { readonly lastLoginAt: Date; readonly recordedAt: Date };

type Ending = Pick<NewAuthEvent, 'userId' | 'context'> & { readonly reason: EndReason };

/** Condition: the session has not ended. */
export const ALIVE = 'ended_at IS NULL AND idle_expires_at > now() AND absolute_expires_at > now()';
const COLUMNS = `id, host(ip) AS ip, user_agent, created_at, last_used_at, kind, amr,
  coalesce(authenticated_at, created_at) AS authenticated_at,
  least(idle_expires_at, absolute_expires_at) AS expires_at`;

/** The devices on which somebody is signed in. */
@Injectable()
export class Sessions {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    @Inject(Revocations) private readonly revocations: Pick<Revocations, 'expire'>,
    @Inject(AuthEvents) private readonly events: Pick<AuthEvents, 'record' | 'prepare'>,
  ) {}

  /** A session for which nobody signs in. The transaction locks the user's row, so that ending all sessions happens before or after. */
  async start(tx: Transaction, user: Somebody, context: RequestContext, given: NewSession): Promise<StartedSession> {
    const source = this.newSource();
    const values = startValues(source, user, context, given, this.settings);
    const [started] = await tx.query<[StartedRow]>(START_SESSION, values);
    return this.started(tx, source, { user, context, kind: given.kind }, started);
  }

  /**
   * As `start`, with the time and the evidence of the sign-in: there is no session without it.
   * @param evidence of the user, without the session
   * @returns also the time of this sign-in
   */
  async signIn(
    tx: Transaction,
    user: Somebody,
    given: NewSession,
    evidence: NewAuthEvent,
  ): Promise<StartedSession & { readonly lastLoginAt: Date }> {
    const { context } = evidence;
    const source = this.newSource();
    const values = startValues(source, user, context, given, this.settings);
    const event = this.events.prepare({ ...evidence, sessionId: source.id });
    const [{ lastLoginAt, recordedAt, ...row }] = await tx.query<[SignInRow]>(SIGN_IN, [...values, ...event.values]);
    const started = await this.started(tx, source, { user, context, kind: given.kind }, row);
    await event.handle(tx, recordedAt);
    return { ...started, lastLoginAt };
  }

  /** The tokens of a session at a generation. */
  tokens(source: TokenSource, generation: number, user: Somebody, assurance: Assurance): SessionTokens {
    return {
      accessToken: this.accessTokens.sign({ user, sid: source.id, assurance }),
      tokenType: 'Bearer',
      expiresIn: this.accessTokens.expiresIn,
      refreshToken: this.refreshTokens.derive(source, generation),
    };
  }

  /** The active sessions of a user, last used first. */
  async list(tx: Transaction, userId: string): Promise<Session[]> {
    return tx.query<Session[]>(
      `SELECT ${COLUMNS} FROM sessions WHERE user_id = $1 AND ${ALIVE} ORDER BY last_used_at DESC, id DESC`,
      [userId],
    );
  }

  /** A session that has not ended. */
  async find(tx: Transaction, userId: string, sessionId: string): Promise<Session | undefined> {
    const [session] = await tx.query<Session[]>(
      `SELECT ${COLUMNS} FROM sessions WHERE user_id = $1 AND id = $2 AND ${ALIVE}`,
      [userId, sessionId],
    );
    return session;
  }

  /** Ends one session of a user. @returns false if the user has no such session */
  async end(
    tx: Transaction,
    userId: string,
    sessionId: string,
    reason: EndReason,
    context: RequestContext,
  ): Promise<boolean> {
    const ended = await this.endWhere(tx, `id = $3 AND ${ALIVE}`, [userId, reason, sessionId], context);
    return ended > 0;
  }

  /** Ends a session after reuse of an old refresh token (RFC 9700, 4.14.2), and records it unless it had already ended. */
  async endReused(tx: Transaction, userId: string, sessionId: string, context: RequestContext): Promise<void> {
    const ended = await this.end(tx, userId, sessionId, 'refresh-token-reused', context);
    if (ended) await this.events.record(tx, { type: 'session.reuse_detected', userId, sessionId, context });
  }

  /**
   * Signs a user out: on this server from the next request on, on all others within 100 ms of the commit. A concurrent sign-in has
   * either started its session before, which then ends too, or waits for the commit.
   * @param except the session that continues
   * @param context the actor; defaults to the server itself
   * @returns how many sessions ended
   */
  async endAll(
    tx: Transaction,
    userId: string,
    reason: EndReason,
    except?: string,
    context: RequestContext = systemContext(newTraceId()),
  ): Promise<number> {
    await tx.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [userId]);
    // A sign-in that waits for its second factor would begin a session that this is to end.
    await tx.query('DELETE FROM sign_in_tickets WHERE user_id = $1', [userId]);
    const others = 'ended_at IS NULL AND id IS DISTINCT FROM $3';
    return this.endWhere(tx, others, [userId, reason, except ?? null], context);
  }

  /** Ends the sessions of a user that were authenticated with one factor. */
  async endWeak(tx: Transaction, userId: string, reason: EndReason, context: RequestContext): Promise<void> {
    await this.endWhere(tx, 'ended_at IS NULL AND NOT ($3 = ANY (amr))', [userId, reason, MULTIPLE_FACTORS], context);
  }

  /** Ends the session that a browser had before it signed in again, of whichever user (OWASP ASVS 5.0 V7.2.4). */
  async endPrevious(tx: Transaction, browser: BrowserSignIn, context: RequestContext): Promise<void> {
    if (browser.previousSessionId === undefined) return;
    const [previous] = await tx.query<(TokenSource & { readonly user_id: string })[]>(
      `SELECT id, user_id, key_id, nonce FROM sessions WHERE id = $1 AND kind = 'BROWSER' AND ${ALIVE}`,
      [browser.previousSessionId],
    );
    if (previous && browser.isPrevious(previous)) {
      await this.end(tx, previous.user_id, previous.id, 'signed-in-again', context);
    }
  }

  private newSource(): TokenSource {
    return { id: uuidv7(), key_id: this.refreshTokens.keyId, nonce: newNonce() };
  }

  private async started(
    tx: Transaction,
    source: TokenSource,
    of: { readonly user: Somebody; readonly context: RequestContext; readonly kind: SessionKind },
    { ended, ...assurance }: StartedRow,
  ): Promise<StartedSession> {
    const { user, context, kind } = of;
    await this.noteEnded(tx, ended, { userId: user.id, reason: TOO_MANY, context });
    return { source, tokens: kind === 'BROWSER' ? undefined : this.tokens(source, 1, user, assurance) };
  }

  /** @param values user, reason, and further parameters of the condition */
  private async endWhere(
    tx: Transaction,
    condition: string,
    values: readonly [userId: string, reason: EndReason, ...unknown[]],
    context: RequestContext,
  ): Promise<number> {
    const [ended] = await tx.query<[{ id: string }[], number]>(
      `UPDATE sessions SET ended_at = now(), end_reason = $2 WHERE user_id = $1 AND ${condition} RETURNING id`,
      [...values],
    );
    const [userId, reason] = values;
    const ids = ended.map(({ id }) => id);
    await this.noteEnded(tx, ids, { userId, reason, context });
    return ids.length;
  }

  private async noteEnded(tx: Transaction, ids: readonly string[], how: Ending): Promise<void> {
    for (const sessionId of ids) await this.events.record(tx, { type: 'session.ended', sessionId, ...how });
    if (ids.length > 0) afterCommit(tx, this.revocations.expire);
  }
}
