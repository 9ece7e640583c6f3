import { Injectable } from '@nestjs/common';
import { afterCommit, type Transaction } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEvent, UserEventOf } from '../../events/user-event.js';
import { Revocations } from './revocations.js';
import { Sessions } from './sessions.js';

/** Ends or updates sessions when their user changes. */
@Injectable()
export class SessionEndings {
  constructor(
    private readonly sessions: Sessions,
    private readonly revocations: Revocations,
  ) {}

  /** Ends all sessions of suspended or deleted users; reinstatement or restoration does not bring them back. */
  @OnUserEvent('user.suspended', 'user.deleted')
  async endAll(event: UserEventOf<'user.suspended'> | UserEventOf<'user.deleted'>, tx: Transaction): Promise<void> {
    const { userId, actor, traceId } = event;
    const reason = event.type === 'user.suspended' ? 'suspended' : 'deleted';
    await this.sessions.endAll(tx, userId, reason, undefined, { actor, traceId, ip: null, userAgent: null });
  }

  /** Sessions continue with the new role; those of erased users are removed with the rest of the data. */
  @OnUserEvent('user.role_changed', 'user.erased')
  noteAtOnce(_event: UserEvent, tx: Transaction): void {
    afterCommit(tx, this.revocations.expire);
  }
}
