import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../store/user.entity.js';

/** What became of users who were deleted and are not erased yet. */
@Injectable()
export class Deletions {
  constructor(@InjectSettings() private readonly settings: Settings) {}

  /** When what is held about somebody who was deleted then will be erased. */
  erasedAt(deletedAt: Date): Date {
    return new Date(deletedAt.getTime() + this.settings.DELETED_RETENTION);
  }

  /**
   * Whether somebody may bring their account back by themselves: they had proved its address and deleted it themselves, nobody has
   * suspended it, and it gives no rights over others, which an ADMIN gives. Until it is due for erasure, by the clock of the database.
   */
  async mayReturn(tx: Transaction, user: UserEntity): Promise<boolean> {
    if (user.deletedAt === null || user.erasedAt !== null) return false;
    // The password of an account whose address nobody has proved may be somebody else's.
    if (!user.emailVerified || user.suspendedAt !== null || user.role !== 'AUTHENTICATED') return false;
    const [last] = await tx.query<{ by_self: boolean }[]>(
      `SELECT actor->>'id' = user_id::text AND now() < $2::timestamptz AS by_self FROM user_events
       WHERE user_id = $1 AND type = 'user.deleted' ORDER BY user_version DESC LIMIT 1`,
      [user.id, this.erasedAt(user.deletedAt)],
    );
    return last?.by_self === true;
  }
}
