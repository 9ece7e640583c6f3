import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { Clock } from '../../config/clock.js';
import { DomainError } from '../../problems/domain-error.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserResponse } from '../../users/api/user.response.js';
import type { Assurance } from './assurance.js';
import type { TokensResponse } from './signed-in.response.js';
import { RefreshTokens, type TokenSource } from './refresh-tokens.js';
import { SessionGenerations } from './session-generations.js';
import { Sessions } from './sessions.js';

/** The refresh token is malformed or forged, was used before, or its session has ended. */
export class InvalidRefreshToken extends DomainError {
  readonly code = 'invalid-refresh-token';
  constructor() {
    super('This refresh token is no longer valid. Sign in again: POST /auth/login.');
  }
}

/** Two concurrent refreshes may interfere; anything beyond is not a race. */
const ATTEMPTS = 3;

/**
 * Issues the next tokens of a session (RFC 9700, 4.14.2). The generation in the row identifies the valid refresh token and is
 * advanced by a single UPDATE, so any number of concurrent uses of one token yield one successor, across all servers.
 */
@Injectable()
export class RefreshService {
  constructor(
    private readonly generations: SessionGenerations,
    private readonly refreshTokens: RefreshTokens,
    private readonly sessions: Sessions,
    private readonly clock: Clock,
  ) {}

  /**
   * A just-rotated token returns the same successor again for `REFRESH_REUSE_GRACE`, for two tabs or a lost response. Reuse of an
   * older one means that two parties hold it, and ends the session.
   * @throws InvalidRefreshToken
   */
  async refresh(token: string, context: RequestContext): Promise<TokensResponse> {
    const presented = this.refreshTokens.parse(token);
    if (!presented) throw new InvalidRefreshToken();
    const { sessionId, generation } = presented;
    const next = generation + 1;
    const known = this.generations.sourceOf(sessionId);
    if (known && this.refreshTokens.proves(presented, known)) {
      // The usual case: one statement, which finds the session active and this token the newest.
      const user = await this.generations.advance(sessionId, generation, context.ip);
      if (user) return this.answer(known, next, user, user);
    }
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const row = await this.generations.findGeneration(sessionId);
      if (!row || !this.refreshTokens.proves(presented, row) || !row.alive) break;
      if (row.generation === generation) {
        const user = await this.generations.advance(sessionId, generation, context.ip);
        if (user) return this.answer(row, next, user, user);
      } else if (row.generation === next && row.just_rotated) {
        return this.answer(row, next, row, await this.generations.userOf(row));
      } else {
        if (row.generation > generation) await this.generations.endReused(row, context);
        break;
      }
    }
    throw new InvalidRefreshToken();
  }

  private answer(source: TokenSource, generation: number, assurance: Assurance, user?: UserEntity): TokensResponse {
    // Their sessions end together with them; this covers the moment in between.
    if (!user || user.pending || user.suspendedAt !== null || user.deletedAt !== null) throw new InvalidRefreshToken();
    const tokens = this.sessions.tokens(source, generation, user, assurance);
    return { ...tokens, user: UserResponse.from(user, this.clock.now(), user) };
  }
}
