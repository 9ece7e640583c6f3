import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from './user.entity.js';

/** Tells whether a user has a sign-in method. Provided by `auth`, which has the methods. */
export abstract class WaysIn {
  /** Whether this user can currently use one: a password, or a confirmed address to which a link can be sent. */
  abstract hasOne(tx: Transaction, user: UserEntity): Promise<boolean>;
}
