import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { afterCommit, type Transaction } from '../../database/transaction.js';
import type { UserRole } from '../../access/role.js';
import { type Assurance } from './assurance.js';
import { RefreshTokens, type TokenSource } from './refresh-tokens.js';
import { Revocations } from './revocations.js';
import type { BrowserCookie } from './session-cookies.js';
import { ALIVE, Sessions, type SessionTokens } from './sessions.js';
import { newNonce } from './start-session.js';

interface RenewableSession extends TokenSource, Assurance {
  readonly kind: 'API' | 'BROWSER';
  readonly generation: number;
  /** Whether the refresh token was replaced so recently that the one before may still return it. */
  readonly just_rotated: boolean;
  readonly keep_signed_in: boolean;
}

interface Somebody {
  readonly id: string;
  readonly role: UserRole;
  readonly version: number;
}

/** A session whose user proved again who they are. */
export interface ProvedSession extends Assurance {
  /** Undefined for a browser session, which has a new cookie. */
  readonly tokens: SessionTokens | undefined;
}

/**
 * Gives sessions a new value after a proof or a change of credentials, so that whatever was known of the one before is worth
 * nothing (session fixation; OWASP ASVS 5.0 V7.2.4). The old cookie ends on this server with the commit, on others within 100 ms.
 */
@Injectable()
export class SessionRenewals {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly sessions: Sessions,
    private readonly refreshTokens: RefreshTokens,
    private readonly revocations: Revocations,
  ) {}

  /**
   * Replaces the value of the browser's cookie, sent with the answer after the commit. Does nothing for a request with a token, or
   * whose cookie another tab has replaced since: its answer brings the browser the new one, and a third would outdate it.
   * @param browser of `SessionCookies.ofBrowser`
   */
  async renewCookie(tx: Transaction, browser: BrowserCookie | undefined): Promise<void> {
    if (!browser) return;
    const session = await this.lock(tx, browser.sessionId);
    if (session) await this.replaceCookie(tx, session, browser);
  }

  /**
   * Records that the user of a session has just set up a further factor, which is a proof of it too. Tokens stay as they are.
   * @param amr of the new factor; added to those of the session
   */
  async strengthen(
    tx: Transaction,
    sessionId: string,
    { amr, browser }: { readonly amr: readonly string[]; readonly browser: BrowserCookie | undefined },
  ): Promise<void> {
    const session = await this.lock(tx, sessionId);
    if (!session) return;
    await tx.query('UPDATE sessions SET amr = $2 WHERE id = $1', [sessionId, [...new Set([...session.amr, ...amr])]]);
    afterCommit(tx, this.revocations.expire);
    if (browser) await this.replaceCookie(tx, session, browser);
  }

  /**
   * Records that the user of a session has just proved again who they are.
   * @param amr of the new proof; added to those of the session
   * @returns undefined if the session has ended
   */
  async prove(
    tx: Transaction,
    user: Somebody,
    sessionId: string,
    { amr, browser }: { readonly amr: readonly string[]; readonly browser: BrowserCookie | undefined },
  ): Promise<ProvedSession | undefined> {
    const session = await this.lock(tx, sessionId, user.id);
    if (!session) return undefined;
    const methods = [...new Set([...session.amr, ...amr])];
    // The token of a tab or a refresh at the same moment stays the newest, or the client could keep the older one.
    const isNext = session.kind === 'API' && !session.just_rotated;
    const [[proved]] = await tx.query<[[{ authenticatedAt: Date; generation: number }], number]>(
      `UPDATE sessions SET amr = $2, authenticated_at = clock_timestamp(), generation = generation + $3,
         rotated_at = CASE WHEN $3 = 1 THEN now() ELSE rotated_at END
       WHERE id = $1 RETURNING authenticated_at AS "authenticatedAt", generation`,
      [sessionId, methods, isNext ? 1 : 0],
    );
    afterCommit(tx, this.revocations.expire);
    const assurance = { amr: methods, authenticatedAt: proved.authenticatedAt };
    if (session.kind === 'API') {
      return { ...assurance, tokens: this.sessions.tokens(session, proved.generation, user, assurance) };
    }
    if (browser) await this.replaceCookie(tx, session, browser);
    return { ...assurance, tokens: undefined };
  }

  /** What a session was authenticated by (RFC 8176); undefined if it has ended. */
  async amrOf(tx: Transaction, sessionId: string): Promise<readonly string[] | undefined> {
    return (await this.lock(tx, sessionId))?.amr;
  }

  private async lock(tx: Transaction, id: string, userId?: string): Promise<RenewableSession | undefined> {
    const [session] = await tx.query<RenewableSession[]>(
      `SELECT id, key_id, nonce, kind, amr, coalesce(authenticated_at, created_at) AS "authenticatedAt", generation,
         keep_signed_in, coalesce(rotated_at > now() - $2 * interval '1 millisecond', false) AS just_rotated
       FROM sessions WHERE id = $1 AND ($3::uuid IS NULL OR user_id = $3) AND ${ALIVE} FOR UPDATE`,
      [id, this.settings.REFRESH_REUSE_GRACE, userId ?? null],
    );
    return session;
  }

  private async replaceCookie(tx: Transaction, session: RenewableSession, browser: BrowserCookie): Promise<void> {
    if (session.kind !== 'BROWSER' || session.id !== browser.sessionId || !browser.isCurrent(session)) return;
    const renewed = { id: session.id, key_id: this.refreshTokens.keyId, nonce: newNonce() };
    await tx.query('UPDATE sessions SET key_id = $2, nonce = $3 WHERE id = $1', [
      renewed.id,
      renewed.key_id,
      renewed.nonce,
    ]);
    afterCommit(tx, this.revocations.expire);
    afterCommit(tx, () => {
      browser.send(renewed, session.keep_signed_in);
    });
  }
}
