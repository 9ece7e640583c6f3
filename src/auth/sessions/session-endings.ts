import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEvent } from '../../events/user-event.js';

/** Whoever is shut out or deleted is signed out everywhere, and stays so after a reinstatement or a restoration. */
@Injectable()
export class SessionEndings {
  @OnUserEvent('user.suspended', 'user.deleted')
  async endAll({ userId }: UserEvent, tx: Transaction): Promise<void> {
    await tx.query('UPDATE sessions SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL', [userId]);
  }
}
