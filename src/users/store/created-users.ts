import type { Transaction } from '../../database/transaction.js';
import { TransactionMemory } from '../../database/transaction-memory.js';
import type { UserState } from '../aggregate/user.js';

/**
 * The users whom open transactions have created, as they are. Nobody else sees their rows before the commit, so their further changes
 * need neither a lock nor another look.
 */
export class CreatedUsers {
  private readonly states = new TransactionMemory<UserState>();

  find(tx: Transaction, id: string): UserState | undefined {
    return this.states.get(tx, id);
  }

  /** After a change beside the events, such as a sign-in: from now on the row is to be read. */
  forget(tx: Transaction, id: string): void {
    this.states.delete(tx, id);
  }

  /** After a change. @param before undefined for a new user @param isGone whether no row is left */
  note(tx: Transaction, before: UserState | undefined, next: UserState, isGone: boolean): void {
    if (before && !this.states.get(tx, next.id)) return;
    if (isGone) this.states.delete(tx, next.id);
    else this.states.set(tx, next.id, next);
  }
}
