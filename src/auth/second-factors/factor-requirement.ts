import { Injectable } from '@nestjs/common';
import { includesRole, type UserRole } from '../../access/role.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEventOf } from '../../events/user-event.js';
import { UserStore } from '../../users/store/user-store.js';
import { Sessions } from '../sessions/sessions.js';
import { SecondFactorStays } from './second-factor-errors.js';
import { SecondFactors } from './second-factors.js';

/** Who has to have a second factor, by `REQUIRE_SECOND_FACTOR`. */
@Injectable()
export class FactorRequirement {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: UserStore,
    private readonly factors: SecondFactors,
    private readonly sessions: Sessions,
  ) {}

  appliesTo(role: UserRole): boolean {
    const least = this.settings.REQUIRE_SECOND_FACTOR;
    return least !== 'none' && includesRole(role, least);
  }

  /** After a user removed a factor of their own. @throws SecondFactorStays, which rolls the removal back */
  async refuseLast(tx: Transaction, userId: string): Promise<void> {
    const user = await this.users.find(tx, userId);
    if (user && this.appliesTo(user.role) && !(await this.factors.hasOne(tx, userId))) throw new SecondFactorStays();
  }

  /** Sessions with one factor do not get the rights of a role that takes two: their user signs in again. */
  @OnUserEvent('user.role_changed')
  async endWeakSessions(event: UserEventOf<'user.role_changed'>, tx: Transaction): Promise<void> {
    const { userId, data, actor, traceId } = event;
    if (!this.appliesTo(data.to)) return;
    await this.sessions.endWeak(tx, userId, 'second-factor-required', { actor, traceId, ip: null, userAgent: null });
  }
}
