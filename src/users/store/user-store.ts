import { Injectable } from '@nestjs/common';
import { IsNull, Raw } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { RequestContext } from '../../access/caller.js';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import { wholly } from '../../database/transaction-memory.js';
import type { NewUserEvent } from '../../events/catalogue.js';
import type { Head } from '../../events/event-heads.js';
import { EventLog, type Write } from '../../events/event-log.js';
import { UserEventHandlers } from '../../events/handlers.js';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { addressKey, usernameKey } from '../aggregate/identifiers.js';
import { create, loseClaim, type NewUser } from '../aggregate/decide.js';
import { type Addressees, addressees, idsOfAddress, isClaimOf, NOT_PENDING } from './claim-of-address.js';
import { KnownUsers } from './known-users.js';
import { Snapshots } from './snapshots.js';
import { evolve, type UserState } from '../aggregate/user.js';
import { refuseTaken, reserveIdentifiers } from './reserved-identifiers.js';
import { entityAfter, stateOf, UserEntity } from './user.entity.js';
import { UserNotFound } from '../aggregate/user-errors.js';
import { findRow, type LockedUser, lockRow, lockRowForChange, writeOf } from './user-rows.js';
import { WaysIn } from './ways-in.js';

/** A user before a change; nothing but the id of one who is created. */
interface Change {
  readonly id: string;
  readonly before?: UserEntity;
  readonly state?: UserState;
  readonly head?: Head | undefined;
}

/**
 * The users and every change to them. Each change is decided by the pure functions of `decide*.ts`, written to the log, folded
 * into the row and passed to the handlers in the caller's transaction: at commit, all of it takes effect or none of it.
 */
@Injectable()
export class UserStore {
  private readonly known = new KnownUsers();

  constructor(
    private readonly log: EventLog,
    private readonly handlers: UserEventHandlers,
    private readonly personalDataRegistry: PersonalDataRegistry,
    private readonly snapshots: Snapshots,
    private readonly transactions: Transactions,
    private readonly waysIn: WaysIn,
  ) {}

  /** For an embedding application: everything that `work` does with `tx` is committed together, or rolled back if it throws. */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.transactions.run(work);
  }

  /** @throws UsernameTaken, EmailTaken, NamelessUser, InvalidUsername; RefusedByHandler */
  async create(tx: Transaction, command: NewUser, context: RequestContext, id = uuidv7()): Promise<UserState> {
    const events = create(command);
    return wholly(tx, () => this.commit(tx, { id }, events, context));
  }

  /**
   * Changes one user: `decide` sees the state as it is inside the transaction, locked against other writers.
   * @throws UserNotFound; the errors of `decide`; RefusedByHandler
   */
  async change(
    tx: Transaction,
    id: string,
    decide: (state: UserState) => NewUserEvent[],
    context: RequestContext,
  ): Promise<UserState> {
    const locked = await this.lockForChange(tx, id);
    if (!locked) throw new UserNotFound();
    return this.changeLocked(tx, locked, decide, context);
  }

  /**
   * Locks a user for `changeLocked`, until commit.
   * @param actorId who acts: the same statement reads them, too
   */
  async lockForChange(tx: Transaction, id: string, actorId?: string): Promise<LockedUser | null> {
    const known = actorId === undefined && this.known.find(tx, id);
    if (known) return { user: known };
    const locked = await lockRowForChange(tx, id, actorId);
    if (locked) this.known.note(tx, locked.user);
    return locked;
  }

  /** As `change`, for one that this transaction has locked. */
  async changeLocked(
    tx: Transaction,
    { user, head }: LockedUser,
    decide: (state: UserState) => NewUserEvent[],
    context: RequestContext,
  ): Promise<UserState> {
    const state = stateOf(user);
    const events = decide(state);
    return wholly(tx, () => this.commit(tx, { id: user.id, before: user, state, head }, events, context));
  }

  /**
   * The number of other admins who can currently act. Serialises its callers until commit, so that two admins cannot demote each
   * other concurrently.
   */
  async otherActiveAdmins(tx: Transaction, id: string): Promise<number> {
    await lock(tx, 'admins');
    return (await this.activeAdmins(tx)).filter((admin) => admin.id !== id).length;
  }

  /**
   * The admins who can currently act, oldest first: neither suspended nor deleted, and with a sign-in method. A user with only a
   * name, or who has not accepted the invitation, does not count, as the address may be mistyped. Lockouts expire and are ignored.
   */
  async activeAdmins(tx: Transaction): Promise<UserEntity[]> {
    const admins = await tx.getRepository(UserEntity).find({
      where: { role: 'ADMIN', suspendedAt: IsNull(), deletedAt: IsNull(), pending: false },
      order: { id: 'ASC' },
    });
    const active: UserEntity[] = [];
    for (const admin of admins) {
      // Without an address of their own (see `SharedMailboxes`) and a username, users have no identifier to sign in with.
      const isNamed = admin.emailKey !== null || admin.usernameKey !== null;
      if (isNamed && (await this.waysIn.hasOne(tx, admin))) active.push(admin);
    }
    return active;
  }

  /** Removes every unconfirmed registration for this address, together with its user. */
  async dropClaims(tx: Transaction, email: string, context: RequestContext): Promise<void> {
    const sql = `SELECT id FROM users WHERE ${isClaimOf('$1')} ORDER BY id`;
    const claims = await tx.query<{ id: string }[]>(sql, [addressKey(email)]);
    for (const { id } of claims) await this.change(tx, id, (state) => loseClaim(state), context);
  }

  /**
   * Removes registrations that have been unconfirmed for longer than `age`, oldest first, at most `limit` of them.
   * @param age in milliseconds, by the clock of the database
   * @returns how many were removed
   */
  async dropStaleClaims(tx: Transaction, age: number, limit: number, context: RequestContext): Promise<number> {
    const claims = await tx.query<{ id: string }[]>(
      `SELECT id FROM users WHERE pending AND created_at < now() - $1 * interval '1 millisecond'
       ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED`,
      [age, limit],
    );
    for (const { id } of claims) await this.change(tx, id, (state) => loseClaim(state, 'claim-expired'), context);
    return claims.length;
  }

  /** Users who were deleted that long ago and are not yet erased, oldest first, locked for this transaction. */
  async deletedLongAgo(tx: Transaction, age: number, limit: number): Promise<string[]> {
    const rows = await tx.query<{ id: string }[]>(
      `SELECT id FROM users
       WHERE deleted_at < now() - $1 * interval '1 millisecond' AND erased_at IS NULL
       ORDER BY deleted_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
      [age, limit],
    );
    return rows.map(({ id }) => id);
  }

  /** The user, deleted or not, with its row locked until commit; for callers that change more than the user itself. */
  async lockForUpdate(tx: Transaction, id: string): Promise<UserEntity | null> {
    return this.known.find(tx, id) ?? lockRow(tx, id);
  }

  /** The user, deleted or not. */
  async find(tx: Transaction, id: string): Promise<UserEntity | null> {
    return this.known.find(tx, id) ?? findRow(tx, id);
  }

  /** The users that exist among these ids, deleted or not. */
  async findAll(tx: Transaction, ids: readonly string[]): Promise<UserEntity[]> {
    return ids.length === 0
      ? []
      : tx
          .getRepository(UserEntity)
          .findBy({ id: Raw((id) => `${id} = ANY ((SELECT :ids::uuid[])::uuid[])`, { ids }) });
  }

  /** The user who confirmed this address or was assigned it by an admin. */
  async ownerOf(tx: Transaction, email: string): Promise<UserEntity | null> {
    return tx.getRepository(UserEntity).findOneBy({ emailKey: addressKey(email), pending: NOT_PENDING });
  }

  /** As `ownerOf`, plus the latest unconfirmed registration for the address. */
  async ofAddress(tx: Transaction, email: string): Promise<Addressees> {
    const users = await tx
      .getRepository(UserEntity)
      .createQueryBuilder('user')
      .where(`"user".id = ANY (ARRAY(${idsOfAddress(':emailKey')}))`, { emailKey: addressKey(email) })
      .getMany();
    return addressees(users);
  }

  async byUsername(tx: Transaction, username: string): Promise<UserEntity | null> {
    return tx.getRepository(UserEntity).findOneBy({ usernameKey: usernameKey(username) });
  }

  /** Operational, outside log and version. @param id null to do the same work without effect, so that timing reveals nothing */
  async recordLock(tx: Transaction, id: string | null, until: Date | null): Promise<void> {
    if (id !== null) this.known.forget(tx, id);
    await tx.query('UPDATE users SET locked_until = $2 WHERE id = $1 AND locked_until IS DISTINCT FROM $2', [
      id,
      until,
    ]);
  }

  private async commit(
    tx: Transaction,
    { id, before, state, head }: Change,
    newEvents: NewUserEvent[],
    context: RequestContext,
  ): Promise<UserState> {
    if (newEvents.length === 0 && state) return state;
    const stream = { userId: id, afterVersion: state?.version ?? 0, head };
    const states: UserState[] = [];
    const written = this.log.append(tx, stream, newEvents, context, async (events) => {
      for (const event of events) states.push(evolve(states.at(-1) ?? state, event));
      return this.rowWith(tx, before, states.at(-1));
    });
    const events = await written.catch(refuseTaken);
    const next = states.at(-1) as UserState;
    if (state && next.erasedAt !== null) {
      await this.personalDataRegistry.erase(tx, state);
      this.known.forget(tx, id);
    }
    await this.snapshots.save(tx, states);
    await this.handlers.dispatch(events, tx);
    return next;
  }

  /** What makes the row be as the state says. */
  private async rowWith(tx: Transaction, before: UserEntity | undefined, next: UserState | undefined): Promise<Write> {
    if (!next) throw new Error('A command that creates a user must decide at least one event');
    const user = entityAfter(before, next);
    if (user) await reserveIdentifiers(tx, before, user);
    if (user) this.known.note(tx, user);
    else this.known.forget(tx, next.id);
    return writeOf(next.id, user, !before);
  }
}
