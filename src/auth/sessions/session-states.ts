import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { LiveSessions } from '../../access/live-sessions.js';
import type { UserRole } from '../../access/role.js';
import { type Statement, Statements } from '../../database/statements.js';
import { LruCache } from '../../async/lru-cache.js';
import type { Assurance } from './assurance.js';
import { Revocations } from './revocations.js';
import { type PresentedCookie, SessionCookies } from './session-cookies.js';

const REMEMBERED = 20_000;
const LONGEST_MS = 5 * 60_000;

interface State {
  readonly caller: Caller;
  readonly assurance: Assurance;
  /** The end of its cookie; undefined for a session with tokens. */
  readonly cookieMac: Buffer | undefined;
  /** On the monotonic clock: when the session expires, or the state has to be reloaded. */
  readonly until: number;
  readonly epoch: number;
}

interface SessionStateRow extends Assurance {
  readonly user_id: string;
  readonly role: UserRole;
  readonly ms_left: number;
  readonly kind: 'API' | 'BROWSER';
  readonly key_id: string;
  readonly nonce: Buffer;
}

/** The current user of a session. Cached, and checked against revocations on every use. */
@Injectable()
export class SessionStates extends LiveSessions {
  private readonly states = new LruCache<State>(REMEMBERED);

  constructor(
    private readonly statements: Statements,
    private readonly revocations: Revocations,
    private readonly cookies: SessionCookies,
  ) {
    super();
  }

  /**
   * The caller, with the current role; undefined once the session has ended or the user is no longer active.
   * @throws the error if the database is unavailable
   */
  async callerOf(sessionId: string, userId: string): Promise<Caller | undefined> {
    const state = await this.stateOf(sessionId);
    // The token of a browser session would be one that nobody was given.
    return state?.caller.userId === userId && !state.cookieMac ? state.caller : undefined;
  }

  async callerNow(sessionId: string): Promise<Caller | undefined> {
    return (await this.stateOf(sessionId))?.caller;
  }

  /** As `callerOf`, for the cookie of a browser session. */
  async callerByCookie(cookie: PresentedCookie): Promise<Caller | undefined> {
    const state = await this.stateOf(cookie.sessionId);
    return state?.cookieMac && this.cookies.proves(cookie, state.cookieMac) ? state.caller : undefined;
  }

  /** How and when the user of an active session was authenticated; undefined once it has ended. */
  async assuranceOf(sessionId: string): Promise<Assurance | undefined> {
    return (await this.stateOf(sessionId))?.assurance;
  }

  private async stateOf(sessionId: string): Promise<State | undefined> {
    const wait = this.revocations.fresh();
    if (wait) await wait;
    const known = this.states.get(sessionId);
    return known && this.stillHolds(known) ? known : this.load(sessionId);
  }

  private stillHolds({ caller, until, epoch }: State): boolean {
    return until > performance.now() && this.revocations.spare(epoch, caller.sessionId, caller.userId);
  }

  private async load(sessionId: string): Promise<State | undefined> {
    const epoch = this.revocations.epoch;
    const began = performance.now();
    const [row] = await this.statements.read<SessionStateRow>(STATE, [sessionId]);
    if (!row) {
      this.states.delete(sessionId);
      return undefined;
    }
    const caller = { userId: row.user_id, role: row.role, sessionId };
    const { kind, key_id, nonce } = row;
    const cookieMac = kind === 'BROWSER' ? this.cookies.macOf({ id: sessionId, key_id, nonce }) : undefined;
    const assurance = { amr: row.amr, authenticatedAt: row.authenticatedAt };
    const state = { caller, assurance, cookieMac, until: began + Math.min(row.ms_left, LONGEST_MS), epoch };
    this.states.set(sessionId, state);
    return state;
  }
}

const STATE: Statement = {
  name: 'session-state',
  text: `
    SELECT user_id, role, kind, key_id, nonce, amr, coalesce(authenticated_at, sessions.created_at) AS "authenticatedAt",
      extract(epoch FROM least(idle_expires_at, absolute_expires_at) - now())::float8 * 1000 AS ms_left
    FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE sessions.id = $1 AND ended_at IS NULL AND idle_expires_at > now() AND absolute_expires_at > now()
      AND deleted_at IS NULL AND suspended_at IS NULL AND NOT pending`,
};
