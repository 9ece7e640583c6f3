import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import type { MethodOffer } from './method-offer.js';

export type { MethodOffer };

/** A user's own instance of a sign-in method. */
export interface OwnMethod {
  readonly addedAt: Date | null;
  /** False if it follows from something else, as the mailed link does from a confirmed address. */
  readonly removable: boolean;
}

/**
 * A sign-in method. Its routes are under `/auth/<id>/...` and check a proof of identity of its choice; they end with
 * `SignInGate.admit`, the only way to a session. Every provider that extends this class is discovered and offered: to add a method
 * takes a directory of its own and a line in a module.
 */
export abstract class SignInMethod {
  /** Stable, in kebab-case. */
  abstract readonly id: string;

  abstract offer(): MethodOffer;

  /** Since when this user can sign in with it; undefined if they cannot. */
  abstract heldBy(tx: Transaction, user: UserEntity): Promise<OwnMethod | undefined>;

  /** Whether it is a second factor as well: removed by somebody else, it ends all sessions, as the lost device may hold one. */
  readonly isFactor: boolean = false;

  /**
   * Removes it from the user; only called if removable.
   * @returns the name of each that the user had of it; null for one without a name
   */
  abstract remove(tx: Transaction, userId: string): Promise<readonly (string | null)[]>;
}
