import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { type Statement, Statements } from '../../database/statements.js';
import { Transactions } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserLookup } from '../../users/store/user-lookup.js';
import { USER_COLUMNS } from '../../users/store/user-rows.js';
import { LruCache } from '../../async/lru-cache.js';
import type { Assurance } from './assurance.js';
import type { TokenSource } from './refresh-tokens.js';
import { Sessions } from './sessions.js';

const REMEMBERED = 20_000;

const ASSURANCE = 'amr, coalesce(authenticated_at, sessions.created_at) AS "authenticatedAt"';

const ADVANCE: Statement = {
  name: 'session-advance',
  text: `
    UPDATE sessions SET generation = generation + 1, rotated_at = now(), last_used_at = now(), ip = coalesce($3, ip),
      idle_expires_at = least(now() + $4 * interval '1 millisecond', absolute_expires_at)
    FROM users
    WHERE sessions.id = $1 AND generation = $2 AND users.id = sessions.user_id
      AND ended_at IS NULL AND idle_expires_at > now() AND absolute_expires_at > now()
    RETURNING ${USER_COLUMNS}, ${ASSURANCE}`,
};

/** The user of a session that was refreshed, and how they were authenticated. */
export type RefreshedUser = UserEntity & Assurance;

/** The refresh state of a session. */
export interface SessionGeneration extends TokenSource, Assurance {
  readonly user_id: string;
  /** The generation of the valid refresh token. */
  readonly generation: number;
  readonly alive: boolean;
  /** Whether the previous token may still return it. */
  readonly just_rotated: boolean;
}

/** The generations of the refresh tokens of a session. Times are those of the database. */
@Injectable()
export class SessionGenerations {
  private readonly sources = new LruCache<TokenSource>(REMEMBERED);

  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly statements: Statements,
    private readonly transactions: Transactions,
    private readonly sessions: Sessions,
    private readonly users: UserLookup,
  ) {}

  /** The token source of a session that was refreshed here before. Immutable, and independent of whether the session is active. */
  sourceOf(sessionId: string): TokenSource | undefined {
    return this.sources.get(sessionId);
  }

  async findGeneration(sessionId: string): Promise<SessionGeneration | undefined> {
    const values = [sessionId, this.settings.REFRESH_REUSE_GRACE];
    const [row] = await this.statements.read<SessionGeneration>(FIND, values);
    if (row) {
      const { id, key_id, nonce } = row;
      // A copy: the driver's buffer would keep its whole memory page alive.
      this.sources.set(id, { id, key_id, nonce: Buffer.alloc(nonce.length, nonce) });
    }
    return row;
  }

  /**
   * Advances a session by one generation: of any number of concurrent calls across all servers, one succeeds. The row lock orders
   * it against the end of the session.
   * @returns the user of the session; undefined if another call was first, or the session has ended
   */
  async advance(id: string, generation: number, ip: string | null): Promise<RefreshedUser | undefined> {
    const values = [id, generation, ip, this.settings.REFRESH_TOKEN_IDLE_TTL];
    const [user] = await this.statements.execute<RefreshedUser>(ADVANCE, values);
    return user;
  }

  /** The user of the session. */
  async userOf({ user_id }: SessionGeneration): Promise<UserEntity | undefined> {
    return this.users.findById(user_id);
  }

  /** Ends a session after reuse of an old token: two parties hold its tokens, and cannot be told apart. */
  async endReused({ id, user_id }: SessionGeneration, context: RequestContext): Promise<void> {
    // Of many concurrent uses, the one that ends the session records it.
    await this.transactions.run((tx) => this.sessions.endReused(tx, user_id, id, context));
  }
}

const FIND: Statement = {
  name: 'session-generation',
  text: `
    SELECT id, user_id, key_id, nonce, generation, ${ASSURANCE},
      ended_at IS NULL AND idle_expires_at > now() AND absolute_expires_at > now() AS alive,
      rotated_at > now() - $2 * interval '1 millisecond' AS just_rotated
    FROM sessions WHERE id = $1`,
};
