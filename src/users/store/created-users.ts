import type { Transaction } from '../../database/transaction.js';
import type { UserState } from '../aggregate/user.js';

/**
 * The users whom open transactions have created, as they are. Nobody else sees their rows before the commit, so their further changes
 * need neither a lock nor another look.
 */
export class CreatedUsers {
  private readonly states = new WeakMap<Transaction, Map<string, UserState>>();

  find(tx: Transaction, id: string): UserState | undefined {
    return this.states.get(tx)?.get(id);
  }

  /** After a change beside the events, such as a sign-in: from now on the row is to be read. */
  forget(tx: Transaction, id: string): void {
    this.states.get(tx)?.delete(id);
  }

  /** After a change. @param before undefined for a new user @param isGone whether no row is left */
  note(tx: Transaction, before: UserState | undefined, next: UserState, isGone: boolean): void {
    const created = this.states.get(tx) ?? new Map<string, UserState>();
    if (before && !created.has(next.id)) return;
    if (isGone) created.delete(next.id);
    else this.states.set(tx, created.set(next.id, next));
  }
}
