import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../store/user.entity.js';

/** Rules for users who are deleted but not yet erased. */
@Injectable()
export class Deletions {
  constructor(@InjectSettings() private readonly settings: Settings) {}

  /** When a user who was deleted at that time will be erased. */
  erasedAt(deletedAt: Date): Date {
    return new Date(deletedAt.getTime() + this.settings.DELETED_RETENTION);
  }

  /**
   * Whether users may restore their own account: its address is confirmed, they deleted it themselves, it is not suspended, and it
   * has no role above AUTHENTICATED, which only an ADMIN may give back. Until it is due for erasure, by the database clock.
   */
  async mayReturn(tx: Transaction, user: UserEntity): Promise<boolean> {
    if (user.deletedAt === null || user.erasedAt !== null) return false;
    // The password of an account with an unconfirmed address may be somebody else's.
    if (!user.emailVerified || user.suspendedAt !== null || user.role !== 'AUTHENTICATED') return false;
    const [last] = await tx.query<{ by_self: boolean }[]>(
      `SELECT actor->>'id' = user_id::text AND now() < $2::timestamptz AS by_self FROM user_events
       WHERE user_id = $1 AND type = 'user.deleted' ORDER BY user_version DESC LIMIT 1`,
      [user.id, this.erasedAt(user.deletedAt)],
    );
    return last?.by_self === true;
  }
}
