import { Injectable } from '@nestjs/common';
import { afterCommit, type Transaction } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEvent, UserEventOf } from '../../events/user-event.js';
import { Revocations } from './revocations.js';
import { Sessions } from './sessions.js';

/** What changes in a user's sessions when the user changes. */
@Injectable()
export class SessionEndings {
  constructor(
    private readonly sessions: Sessions,
    private readonly revocations: Revocations,
  ) {}

  /** Whoever is shut out or deleted is signed out everywhere, and stays so after a reinstatement or a restoration. */
  @OnUserEvent('user.suspended', 'user.deleted')
  async endAll(event: UserEventOf<'user.suspended'> | UserEventOf<'user.deleted'>, tx: Transaction): Promise<void> {
    const { userId, actor, traceId } = event;
    const reason = event.type === 'user.suspended' ? 'suspended' : 'deleted';
    await this.sessions.endAll(tx, userId, reason, undefined, { actor, traceId, ip: null, userAgent: null });
  }

  /** Sessions go on with the role of now; those of somebody who was erased are gone with the rest. */
  @OnUserEvent('user.role_changed', 'user.erased')
  noteAtOnce(_event: UserEvent, tx: Transaction): void {
    afterCommit(tx, this.revocations.expire);
  }
}
