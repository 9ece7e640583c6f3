import { Injectable } from '@nestjs/common';
import type { Caller, RequestContext } from '../access/caller.js';
import type { UserAction } from '../access/policy.js';
import type { UserRole } from '../access/role.js';
import { type Scope, SCOPES } from '../access/scopes.js';
import { type Transaction, Transactions } from '../database/transaction.js';
import type { NewUserEvent } from '../events/catalogue.js';
import { remove, updateProfile } from '../users/aggregate/decide.js';
import { changeScope, createKey, retireKey } from '../users/aggregate/decide-service.js';
import { NothingToUpdate } from '../users/aggregate/user-errors.js';
import { decideNothing, UserActions } from '../users/api/user-actions.js';
import { UserStore } from '../users/store/user-store.js';
import { UserEntity } from '../users/store/user.entity.js';
import { ServiceAccountNotFound, ServiceKeyNotFound } from './service-account-errors.js';
import { type NewServiceKey, type ServiceKey, ServiceKeys } from './service-keys.js';

/** Who acts on which account. */
export interface ServiceAct {
  readonly id: string;
  readonly caller: Caller;
  readonly context: RequestContext;
}

export interface NewServiceAccount {
  readonly name: string;
  readonly role: UserRole;
  /** All by default. */
  readonly scopes?: readonly Scope[] | undefined;
}

/** A list never holds more; `GET /users?kind=SERVICE` has pages. */
export const MAX_LISTED = 1000;

/** What ADMINs do with service accounts. Roles, suspensions and erasures are those of users: see `UserActions`. */
@Injectable()
export class ServiceAccountActs {
  constructor(
    private readonly transactions: Transactions,
    private readonly actions: UserActions,
    private readonly users: UserStore,
    private readonly keys: ServiceKeys,
  ) {}

  /** Those that are not deleted, oldest first. */
  async list(): Promise<UserEntity[]> {
    return this.transactions.run((tx) =>
      tx
        .getRepository(UserEntity)
        .createQueryBuilder('user')
        .where(`account_kind = 'SERVICE' AND deleted_at IS NULL`)
        .orderBy({ created_at: 'ASC', id: 'ASC' })
        .limit(MAX_LISTED)
        .getMany(),
    );
  }

  /** @throws ServiceAccountNotFound, also when deleted */
  async find(id: string): Promise<UserEntity> {
    return this.transactions.run((tx) => this.inside(tx, id));
  }

  /** @throws Forbidden for a role above that of the caller; RefusedByHandler */
  async create({ name, role, scopes }: NewServiceAccount, by: Omit<ServiceAct, 'id'>): Promise<UserEntity> {
    return this.transactions.run(async (tx) => {
      const command = { nickname: name, role, how: 'admin', kind: 'SERVICE', scopes: scopes ?? SCOPES } as const;
      const { id } = await this.actions.create(tx, command, by, () => Promise.resolve());
      return this.inside(tx, id);
    });
  }

  /** @throws NothingToUpdate, ServiceAccountNotFound, Forbidden; RefusedByHandler */
  async change(act: ServiceAct, { name, scopes }: Partial<NewServiceAccount>): Promise<UserEntity> {
    if (name === undefined && scopes === undefined) throw new NothingToUpdate();
    return this.act(act, 'keys', (state) => [
      ...(name === undefined ? [] : updateProfile(state, { nickname: name })),
      ...(scopes === undefined ? [] : changeScope(state, scopes)),
    ]);
  }

  /** Its keys are refused from then on, and stay retired if it is restored. @throws ServiceAccountNotFound, Forbidden; RefusedByHandler */
  async remove(act: ServiceAct): Promise<void> {
    // A service account is never the last admin.
    await this.act(act, 'delete', (state) => remove(state, 0));
  }

  /** Those that are not retired, oldest first. @throws ServiceAccountNotFound */
  async keysOf(id: string): Promise<ServiceKey[]> {
    return this.transactions.run(async (tx) => {
      await this.inside(tx, id);
      return this.keys.ofAccount(tx, id);
    });
  }

  /**
   * @returns the key, which nobody can be told again
   * @throws ServiceAccountNotFound, Forbidden, TooManyKeys; RefusedByHandler
   */
  async addKey(act: ServiceAct, wanted: NewServiceKey): Promise<{ readonly key: string; readonly made: ServiceKey }> {
    let answer: { key: string; made: ServiceKey } | undefined;
    await this.act(act, 'keys', decideNothing, async (tx) => {
      const { id, key } = await this.keys.add(tx, act.id, wanted);
      await this.users.change(tx, act.id, (state) => createKey(state, { id, ...wanted }), act.context);
      const made = (await this.keys.ofAccount(tx, act.id)).find((one) => one.id === id);
      answer = made && { key, made };
    });
    if (!answer) throw new Error('A key was added and is not there');
    return answer;
  }

  /** @throws ServiceAccountNotFound, ServiceKeyNotFound, Forbidden; RefusedByHandler */
  async retireKey(act: ServiceAct, keyId: string): Promise<void> {
    await this.act(act, 'keys', decideNothing, async (tx) => {
      if (!(await this.keys.retire(tx, act.id, keyId))) throw new ServiceKeyNotFound();
      await this.users.change(tx, act.id, (state) => retireKey(state, keyId), act.context);
    });
  }

  private async act(
    act: ServiceAct,
    action: UserAction,
    decide: (state: Parameters<typeof updateProfile>[0]) => NewUserEvent[],
    andThen?: (tx: Transaction) => Promise<void>,
  ): Promise<UserEntity> {
    await this.find(act.id);
    const { user } = await this.actions.perform({ ...act, action }, decide, andThen);
    return user;
  }

  private async inside(tx: Transaction, id: string): Promise<UserEntity> {
    const user = await this.users.find(tx, id);
    if (user?.kind !== 'SERVICE' || user.deletedAt !== null) throw new ServiceAccountNotFound();
    return user;
  }
}
