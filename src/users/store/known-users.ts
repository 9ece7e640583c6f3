import type { Transaction } from '../../database/transaction.js';
import { TransactionMemory } from '../../database/transaction-memory.js';
import type { UserEntity } from './user.entity.js';

/**
 * The users whom open transactions have locked or created, as they are: until the commit nobody else can change them, so that they
 * need neither another lock nor another look. For what writes rows of `users`, that is: `UserStore` alone.
 */
export class KnownUsers {
  private readonly users = new TransactionMemory<UserEntity>();

  find(tx: Transaction, id: string): UserEntity | undefined {
    return this.users.get(tx, id);
  }

  /** Once its row is locked, or written by this transaction. */
  note(tx: Transaction, user: UserEntity): void {
    this.users.set(tx, user.id, user);
  }

  /** After a change beside the events, such as a sign-in, and when no row is left: from now on the row is to be read. */
  forget(tx: Transaction, id: string): void {
    this.users.delete(tx, id);
  }
}
