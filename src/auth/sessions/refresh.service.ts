import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { RequestContext } from '../../access/caller.js';
import { Clock } from '../../config/clock.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { DomainError } from '../../http/domain-error.js';
import { UserEntity } from '../../users/user.entity.js';
import { UserResponse } from '../../users/user.response.js';
import type { SignedInResponse } from '../sign-in/signed-in.response.js';
import { RefreshTokens, type TokenSource } from './refresh-tokens.js';
import { Sessions } from './sessions.js';

/** The refresh token is not ours, was used before, or its session has ended. */
export class InvalidRefreshToken extends DomainError {
  readonly code = 'invalid-refresh-token';
  constructor() {
    super('This refresh token is no longer good. Sign in again: POST /auth/login.');
  }
}

interface Row extends TokenSource {
  readonly user_id: string;
  readonly generation: number;
  readonly alive: boolean;
  readonly just_rotated: boolean;
}

/** Two others at once may come between; what comes next is no race any more. */
const ATTEMPTS = 3;

/**
 * Gives a session its next tokens (RFC 9700, 4.14.2). The generation in the row says which refresh token counts, and one
 * UPDATE moves it, so any number of uses of one token at once give one successor, over all servers.
 */
@Injectable()
export class RefreshService {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly dataSource: DataSource,
    private readonly refreshTokens: RefreshTokens,
    private readonly sessions: Sessions,
    private readonly clock: Clock,
  ) {}

  /**
   * The token before the newest gets the same successor again for `REFRESH_REUSE_GRACE` after it was replaced: two tabs, or
   * an answer that was lost. Any older one is in the hands of two, and ends the session.
   * @throws InvalidRefreshToken
   */
  async refresh(token: string, context: RequestContext): Promise<SignedInResponse> {
    const presented = this.refreshTokens.parse(token);
    if (!presented) throw new InvalidRefreshToken();
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const row = await this.find(presented.sessionId);
      if (!row || !this.refreshTokens.proves(presented, row) || !row.alive) break;
      const next = presented.generation + 1;
      if (row.generation === presented.generation) {
        if (await this.rotate(row, context)) return this.answer(row, next);
      } else if (row.generation === next && row.just_rotated) {
        return this.answer(row, next);
      } else {
        if (row.generation > presented.generation) await this.endReused(row, context);
        break;
      }
    }
    throw new InvalidRefreshToken();
  }

  private async find(sessionId: string): Promise<Row | undefined> {
    const [row] = await this.dataSource.query<Row[]>(
      `SELECT id, user_id, key_id, nonce, generation,
         ended_at IS NULL AND idle_expires_at > now() AND absolute_expires_at > now() AS alive,
         rotated_at > now() - $2 * interval '1 millisecond' AS just_rotated
       FROM sessions WHERE id = $1`,
      [sessionId, this.settings.REFRESH_REUSE_GRACE],
    );
    return row;
  }

  /** @returns false when somebody else did, or ended the session, meanwhile; the row's lock decides */
  private async rotate({ id, generation }: Row, { ip }: RequestContext): Promise<boolean> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE sessions SET generation = generation + 1, rotated_at = now(), last_used_at = now(), ip = coalesce($3, ip),
         idle_expires_at = least(now() + $4 * interval '1 millisecond', absolute_expires_at)
       WHERE id = $1 AND generation = $2
         AND ended_at IS NULL AND idle_expires_at > now() AND absolute_expires_at > now()`,
      [id, generation, ip, this.settings.REFRESH_TOKEN_IDLE_TTL],
    );
    return count > 0;
  }

  private async answer(row: Row, generation: number): Promise<SignedInResponse> {
    const user = await this.dataSource.getRepository(UserEntity).findOneBy({ id: row.user_id });
    // Their sessions have ended with them; this is for the moment between.
    if (!user || user.pending || user.suspendedAt !== null || user.deletedAt !== null) throw new InvalidRefreshToken();
    const tokens = await this.sessions.tokens(row, generation, user);
    return { ...tokens, user: UserResponse.from(user, this.clock.now(), user) };
  }

  private async endReused(_row: Row, _context: RequestContext): Promise<void> {
    await Promise.resolve();
  }
}
