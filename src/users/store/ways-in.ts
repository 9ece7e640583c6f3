import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from './user.entity.js';

/** Who has a way to sign in. `auth` knows, which has the ways, and provides it. */
export abstract class WaysIn {
  /** Whether there is one that this user can use now: a password, or a proved address to be mailed a link at. */
  abstract hasOne(tx: Transaction, user: UserEntity): Promise<boolean>;
}
