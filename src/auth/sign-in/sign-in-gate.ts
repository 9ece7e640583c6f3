import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { Clock } from '../../config/clock.js';
import { Transactions } from '../../database/transaction.js';
import type { UserEntity } from '../../users/user.entity.js';
import { UserResponse } from '../../users/user.response.js';
import { Users } from '../../users/users.js';
import { InvalidCredentials } from './sign-in-errors.js';
import { Sessions } from '../sessions/sessions.js';
import type { SignedInResponse } from './signed-in.response.js';

/** The one way to a session: every method of signing in brings here whom it has proved somebody to be. */
@Injectable()
export class SignInGate {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: Users,
    private readonly sessions: Sessions,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts a session for a user whose proof was found good.
   * @throws InvalidCredentials when the user may not sign in (any more)
   */
  async admit(userId: string, context: RequestContext): Promise<SignedInResponse> {
    return this.transactions.run(async (tx) => {
      // What was true before the proof was looked at may not be true any more.
      await this.users.recordSignIn(tx, userId);
      const user = await this.users.find(tx, userId);
      if (!user || !maySignIn(user)) throw new InvalidCredentials();
      const tokens = await this.sessions.start(tx, user, context);
      return { ...tokens, user: UserResponse.from(user, this.clock.now(), user) };
    });
  }
}

export function maySignIn(user: UserEntity): boolean {
  return !user.pending && user.suspendedAt === null && user.deletedAt === null;
}
