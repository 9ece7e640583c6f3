import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEvent } from '../../events/user-event.js';
import { type ActionRequest, decideNothing, UserActions } from '../../users/api/user-actions.js';
import type { UserResponse } from '../../users/api/user.response.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import type { TokenDetails } from '../one-time-tokens/token-rows.js';
import { AuthEvents } from '../sign-in-evidence/auth-events.js';
import { Lockouts } from '../lockout/lockouts.js';

/** Ends lockouts early. */
@Injectable()
export class UnlockService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly lockouts: Lockouts,
    private readonly tokens: OneTimeTokens,
    private readonly actions: UserActions,
    private readonly events: AuthEvents,
  ) {}

  /** Says whether a link is still good; uses nothing. @throws TokenExpiredOrUsed */
  async findLink(token: string): Promise<TokenDetails> {
    return this.transactions.run((tx) => this.tokens.peek(tx, token, 'unlock'));
  }

  /**
   * With the mailed link, which proves access to the account's mailbox, so the device becomes a known one.
   * @returns the user of the link
   * @throws TokenExpiredOrUsed
   */
  async byLink(token: string, context: RequestContext): Promise<TokenDetails> {
    return this.transactions.run(async (tx) => {
      const { userId } = await this.tokens.peek(tx, token, 'unlock');
      // In the common lock order: the count, the user, then its link.
      const wasLocked = await this.lockouts.end(tx, userId);
      await this.users.lockForUpdate(tx, userId);
      const details = await this.tokens.consume(tx, token, 'unlock');
      if (wasLocked) await this.note(tx, userId, 'link', context);
      return details;
    });
  }

  /**
   * By a manager or an admin; guesses of second factors are allowed anew by an admin only, as only an admin may remove those. No effect without a lockout.
   * @throws Forbidden, UserNotFound, PreconditionFailed
   */
  async byStaff(act: Omit<ActionRequest, 'action'>): Promise<UserResponse> {
    return this.actions.change({ ...act, action: 'unlock' }, decideNothing, (tx) =>
      this.end(tx, act.id, 'staff', act.context, act.caller.role === 'ADMIN' ? 'ended' : 'kept'),
    );
  }

  /** By a new password that was set through a mailed link. */
  async byPasswordReset(tx: Transaction, userId: string, context: RequestContext): Promise<void> {
    await this.end(tx, userId, 'password-reset', context);
  }

  /** By a sign-in link, which proves as much as an unlock link. */
  async bySignInLink(tx: Transaction, userId: string, context: RequestContext): Promise<void> {
    await this.end(tx, userId, 'sign-in-link', context);
  }

  /** By confirmation of the address: the failures on its registration were not the owner's. */
  @OnUserEvent('user.email_verified')
  async verified({ userId }: UserEvent, tx: Transaction): Promise<void> {
    await this.lockouts.end(tx, userId);
  }

  private async end(
    tx: Transaction,
    userId: string,
    reason: string,
    context: RequestContext,
    secondStep: 'kept' | 'ended' = 'kept',
  ): Promise<void> {
    if (await this.lockouts.end(tx, userId, secondStep)) await this.note(tx, userId, reason, context);
  }

  private async note(tx: Transaction, userId: string, reason: string, context: RequestContext): Promise<void> {
    await this.tokens.revoke(tx, userId, 'unlock', '', 'pointless');
    await this.events.record(tx, { type: 'account.unlocked', userId, reason, context });
  }
}
