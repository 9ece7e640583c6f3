import { Injectable } from '@nestjs/common';
import { Forbidden } from '../../access/access-errors.js';
import type { Caller, RequestContext } from '../../access/caller.js';
import { allows, mayCreate, mayEver, type Rank, type UserAction } from '../../access/policy.js';
import { Clock } from '../../config/clock.js';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import type { NewUserEvent } from '../../events/catalogue.js';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { erase, type NewUser } from '../aggregate/decide.js';
import { addressKey } from '../aggregate/identifiers.js';
import type { UserState } from '../aggregate/user.js';
import { PreconditionFailed, UserNotFound } from '../aggregate/user-errors.js';
import type { UserEntity } from '../store/user.entity.js';
import { matches } from './etag.js';
import { UserResponse } from './user.response.js';
import { UserLookup } from '../store/user-lookup.js';
import { type ActorNow, actorOf } from '../store/user-rows.js';
import { UserStore } from '../store/user-store.js';

export interface ActionRequest {
  readonly id: string;
  readonly action: UserAction;
  readonly caller: Caller;
  readonly context: RequestContext;
  /** The value of `If-Match`; a change is refused if the user has a different version by now. */
  readonly ifMatch?: string | undefined;
}

/** Decides the events for the current state and the number of other active admins. */
type Decide = (state: UserState, otherActiveAdmins: number) => NewUserEvent[];

interface FoundUser {
  readonly user: UserEntity;
  /** The caller's rank at that time. */
  readonly actor: Rank;
}

// Actions that could leave an installation without an admin.
const DISARMING: ReadonlySet<UserAction> = new Set(['role', 'suspend', 'delete', 'erase']);

const ON_DELETED: ReadonlySet<UserAction> = new Set(['restore', 'erase']);

/** Actions of callers on users: authorised against the state inside the transaction, then decided, then stored. */
@Injectable()
export class UserActions {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly reader: UserLookup,
    private readonly clock: Clock,
    private readonly personalDataRegistry: PersonalDataRegistry,
  ) {}

  /** @throws Forbidden, UserNotFound */
  async read(id: string, caller: Caller, includeDeleted = false): Promise<UserResponse> {
    refuseLookingAtDeleted(caller, includeDeleted);
    const { user, actor } = await this.findAllowed({ id, action: 'read', caller }, includeDeleted);
    return UserResponse.from(user, this.clock.now(), actor);
  }

  /** A user on whom the caller may perform the action. @throws Forbidden, UserNotFound */
  async findAllowed(
    { id, action, caller }: Omit<ActionRequest, 'context'>,
    includeDeleted = false,
  ): Promise<FoundUser> {
    const actor = rankOf(caller);
    refuseOutsiders(actor, action, id);
    const user = await this.reader.findById(id);
    if (!user || (user.deletedAt !== null && !includeDeleted)) throw new UserNotFound();
    if (!allows(actor, action, user)) throw new Forbidden();
    return { user, actor };
  }

  /**
   * Creates a user and runs `also` in the same transaction. Unconfirmed registrations for its address are removed.
   * @throws Forbidden when the caller may not create users of this role; and the errors of `UserStore.create` and `also`
   */
  async create(
    tx: Transaction,
    command: NewUser,
    { caller, context }: Pick<ActionRequest, 'caller' | 'context'>,
    also: (created: UserState) => Promise<void>,
  ): Promise<UserResponse> {
    const actor = await this.actorNow(tx, caller);
    if (!mayCreate(actor.role, command.role))
      throw new Forbidden('A MANAGER can only create users with the role AUTHENTICATED.');
    // Serialises with a registration link for this address that is opened concurrently; otherwise the two would deadlock on rows.
    if (command.email != null) await lock(tx, `address:${addressKey(command.email)}`);
    const created = await this.users.create(tx, command, context);
    await also(created);
    const user = await this.users.find(tx, created.id);
    if (!user) throw new UserNotFound();
    return UserResponse.from(user, this.clock.now(), actor);
  }

  /**
   * @param andThen is part of the same transaction, with the user locked
   * @throws Forbidden, UserNotFound, PreconditionFailed, LastAdmin; the errors of `decide`; RefusedByHandler
   */
  async change(
    act: ActionRequest,
    decide: Decide,
    andThen?: (tx: Transaction) => Promise<void>,
  ): Promise<UserResponse> {
    const { user, actor } = await this.perform(act, decide, andThen);
    return UserResponse.from(user, this.clock.now(), actor);
  }

  /** As `change`, for callers that need the entity instead of a response. */
  async perform(act: ActionRequest, decide: Decide, andThen?: (tx: Transaction) => Promise<void>): Promise<FoundUser> {
    return this.transactions.run(async (tx) => {
      const { id, actor } = await this.apply(tx, act, decide);
      await andThen?.(tx);
      const user = await this.users.find(tx, id);
      if (!user) throw new UserNotFound();
      return { user, actor };
    });
  }

  /** @throws Forbidden, UserNotFound, PreconditionFailed, LastAdmin; RefusedByHandler */
  async erase(act: Omit<ActionRequest, 'action'>): Promise<void> {
    await this.transactions.run(async (tx) => {
      const user = await this.users.find(tx, act.id);
      await this.apply(tx, { ...act, action: 'erase' }, (state, others) => erase(state, 'admin', others));
      // Unconfirmed registrations for the address may belong to the same person.
      if (user?.email) await this.users.dropClaims(tx, user.email, act.context);
    });
  }

  /** All stored data about a user, by category; for the user, without notes that staff wrote for staff. @throws Forbidden, UserNotFound */
  async export(id: string, caller: Caller): Promise<Record<string, unknown>> {
    refuseOutsiders(rankOf(caller), 'export', id);
    return this.transactions.run(async (tx) => {
      const user = await this.users.find(tx, id);
      if (!user || (user.deletedAt !== null && caller.role !== 'ADMIN')) throw new UserNotFound();
      if (!allows(rankOf(caller), 'export', user)) throw new Forbidden();
      return this.personalDataRegistry.export(
        tx,
        id,
        allows(rankOf(caller), 'suspensionReason', user) ? 'staff' : 'person',
      );
    });
  }

  /** @returns the id as the user has it, which may be given in upper case, and the caller's rank */
  private async apply(
    tx: Transaction,
    { id, action, caller, context, ifMatch }: ActionRequest,
    decide: Decide,
  ): Promise<{ readonly id: string; readonly actor: Rank }> {
    refuseOutsiders(rankOf(caller), action, id);
    const otherAdmins = DISARMING.has(action) ? await this.users.otherActiveAdmins(tx, id) : 0;
    const locked = await this.users.lockForChange(tx, id, caller.userId);
    const actor = locked ? refuseInactive(locked.actor) : await this.actorNow(tx, caller);
    if (!locked) throw new UserNotFound();
    const decideIfAllowed = (state: UserState): NewUserEvent[] => {
      if (state.deletedAt !== null && !ON_DELETED.has(action)) throw new UserNotFound();
      if (!allows(actor, action, state)) throw new Forbidden();
      if (ifMatch !== undefined && !matches(ifMatch, state.version)) throw new PreconditionFailed();
      return decide(state, otherAdmins);
    };
    const state = await this.users.changeLocked(tx, locked, decideIfAllowed, context);
    return { id: state.id, actor };
  }

  /** The caller may have been demoted, suspended or deleted since the guard let the request in. */
  private async actorNow(tx: Transaction, caller: Caller): Promise<Rank> {
    const user = await this.users.find(tx, caller.userId);
    return refuseInactive(user ? actorOf(user) : undefined);
  }
}

function refuseInactive(actor: ActorNow | undefined): Rank {
  if (!actor?.isActive) throw new Forbidden();
  return actor;
}

/** For an action that changes no fact about the user, such as an end of sessions; it is authorised all the same. */
export const decideNothing = (): [] => [];

export function rankOf(caller: Caller): Rank {
  return { id: caller.userId, role: caller.role };
}

/** A caller who may take this action on themselves only must not learn which other users exist. */
export function refuseOutsiders(actor: Rank, action: UserAction, id: string): void {
  if (!mayEver(actor, action, id)) throw new Forbidden();
}

/** @throws Forbidden */
export function refuseLookingAtDeleted(caller: Caller, includeDeleted: boolean): void {
  if (includeDeleted && caller.role !== 'ADMIN') throw new Forbidden('Only an ADMIN can see deleted users.');
}
