import type { Caller } from '../access/caller.js';
import { allows, type Rank, type UserAction } from '../access/policy.js';
import type { Actor } from '../access/caller.js';
import type { Transaction } from '../database/transaction.js';
import type { UserEntity } from '../users/store/user.entity.js';
import { type UserStore } from '../users/store/user-store.js';
import { rankOf } from '../users/api/user-actions.js';

/** The member of staff who asks, and what they may see: the same as in the routes about one user. */
export class Viewer {
  readonly rank: Rank;

  constructor(
    caller: Caller,
    private readonly users: UserStore,
  ) {
    this.rank = rankOf(caller);
  }

  get isAdmin(): boolean {
    return this.rank.role === 'ADMIN';
  }

  /** Deleted users are for an ADMIN only. */
  sees(user: UserEntity | null | undefined): user is UserEntity {
    return user != null && (user.deletedAt === null || this.isAdmin) && this.may('read', user);
  }

  may(action: UserAction, user: UserEntity): boolean {
    return allows(this.rank, action, user);
  }

  /** What to call the users with these ids; those that this viewer may not see are left out. */
  async namesOf(tx: Transaction, ids: readonly (string | null)[]): Promise<ReadonlyMap<string, string>> {
    const wanted = [...new Set(ids.filter((id) => id !== null))];
    const found = await this.users.findAll(tx, wanted);
    return new Map(found.filter((user) => this.sees(user)).map((user) => [user.id, nameOf(user)]));
  }

  /** What to call the one who acted; null for nobody in particular. */
  async actorName(tx: Transaction, actor: Actor | undefined): Promise<string | null> {
    if (actor?.kind !== 'user') return null;
    return (await this.namesOf(tx, [actor.id])).get(actor.id) ?? actor.role;
  }
}

export function nameOf({ email, username, id }: Pick<UserEntity, 'email' | 'username' | 'id'>): string {
  return email ?? username ?? id;
}
