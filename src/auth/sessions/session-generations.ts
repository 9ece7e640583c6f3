import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Transactions } from '../../database/transaction.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';
import type { TokenSource } from './refresh-tokens.js';
import { Sessions } from './sessions.js';

/** How far a session has come. */
export interface SessionGeneration extends TokenSource {
  readonly user_id: string;
  /** That of the refresh token which counts now. */
  readonly generation: number;
  readonly alive: boolean;
  /** Whether the token before it may still bring it again. */
  readonly just_rotated: boolean;
}

/** The generations of the refresh tokens of a session. Times are those of the database. */
@Injectable()
export class SessionGenerations {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly sessions: Sessions,
    private readonly events: AuthEvents,
  ) {}

  async find(sessionId: string): Promise<SessionGeneration | undefined> {
    const [row] = await this.dataSource.query<SessionGeneration[]>(
      `SELECT id, user_id, key_id, nonce, generation,
         ended_at IS NULL AND idle_expires_at > now() AND absolute_expires_at > now() AS alive,
         rotated_at > now() - $2 * interval '1 millisecond' AS just_rotated
       FROM sessions WHERE id = $1`,
      [sessionId, this.settings.REFRESH_REUSE_GRACE],
    );
    return row;
  }

  /**
   * Moves a session on by one: of any number of calls at once, over all servers, one succeeds. The lock of the row decides
   * between it and the end of the session.
   */
  async advance({ id, generation }: SessionGeneration, ip: string | null): Promise<boolean> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE sessions SET generation = generation + 1, rotated_at = now(), last_used_at = now(), ip = coalesce($3, ip),
         idle_expires_at = least(now() + $4 * interval '1 millisecond', absolute_expires_at)
       WHERE id = $1 AND generation = $2
         AND ended_at IS NULL AND idle_expires_at > now() AND absolute_expires_at > now()`,
      [id, generation, ip, this.settings.REFRESH_TOKEN_IDLE_TTL],
    );
    return count > 0;
  }

  /** Ends a session of which an old token was used: two hold its tokens, and nobody can tell who is who. */
  async endReused({ id, user_id }: SessionGeneration, context: RequestContext): Promise<void> {
    await this.transactions.run(async (tx) => {
      const ended = await this.sessions.end(tx, user_id, id, 'refresh-token-reused', context);
      const reuse = { type: 'session.reuse_detected', userId: user_id, sessionId: id, context } as const;
      // Of many uses at once, the one that ends the session tells of it.
      if (ended) await this.events.record(tx, reuse);
    });
  }
}
