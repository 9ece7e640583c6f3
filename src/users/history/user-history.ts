import { Injectable } from '@nestjs/common';
import { Forbidden } from '../../access/access-errors.js';
import type { Caller } from '../../access/caller.js';
import { allows } from '../../access/policy.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { EventHistory } from '../../events/event-history.js';
import { ValidationFailed } from '../../http/request/validation.js';
import type { PageRead } from '../../http/pagination/page-links.js';
import { readHistoryPage } from './history-page.js';
import { PastStates } from './past-states.js';
import { PastUserResponse } from './past-user.response.js';
import { rankOf, refuseLookingAtDeleted, refuseOutsiders } from '../api/user-actions.js';
import { NoSuchVersion, UserNotFound } from '../aggregate/user-errors.js';
import type { DiffQuery, HistoryItem, HistoryQuery, PointInHistory, UserDiff } from './user-history.dto.js';
import type { UserEntity } from '../store/user.entity.js';
import type { UserState } from '../aggregate/user.js';
import { UserStore } from '../store/user-store.js';

interface HistoryRequest {
  readonly id: string;
  readonly caller: Caller;
  /** For an ADMIN: include deleted and completely erased users. */
  readonly includeDeleted: boolean;
}

/** The history of users, for callers who may see it: one permission covers both events and past states. */
@Injectable()
export class UserHistory {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly events: EventHistory,
    private readonly past: PastStates,
  ) {}

  /** @throws Forbidden, UserNotFound; ValidationFailed for a cursor of another list */
  async page(request: HistoryRequest, query: HistoryQuery): Promise<PageRead<HistoryItem>> {
    this.refuseOthers(request);
    return this.transactions.readAllowed(
      request.caller.userId,
      (tx) => this.allowed(tx, request),
      (tx, user) => readHistoryPage(tx, this.events, this.users, { ...request, user }, query),
    );
  }

  /** @throws Forbidden, UserNotFound; NoSuchVersion before the first event or beyond the newest version */
  async asOf(request: HistoryRequest, point: PointInHistory): Promise<PastUserResponse> {
    return this.readIfAllowed(request, async (tx) => PastUserResponse.of(await this.stateAt(tx, request.id, point)));
  }

  /** @throws as `asOf`; ValidationFailed when the end is before the beginning */
  async diff(request: HistoryRequest, { from, to }: Pick<DiffQuery, 'from' | 'to'>): Promise<UserDiff> {
    return this.readIfAllowed(request, async (tx) => {
      const before = await this.stateAt(tx, request.id, from);
      const after = await this.stateAt(
        tx,
        request.id,
        to ?? { version: await this.events.newestVersion(tx, request.id) },
      );
      if (after.version < before.version) {
        throw new ValidationFailed([{ path: 'to', message: 'must not be before from' }]);
      }
      return {
        from: endOf(before),
        to: endOf(after),
        changes: changesBetween(before, after),
        events: after.version - before.version,
      };
    });
  }

  /** On the primary: past states are kept for next time. */
  private async readIfAllowed<T>(request: HistoryRequest, read: (tx: Transaction) => Promise<T>): Promise<T> {
    this.refuseOthers(request);
    return this.transactions.run(async (tx) => {
      await this.allowed(tx, request);
      return read(tx);
    });
  }

  /** Before the database is asked. */
  private refuseOthers({ id, caller, includeDeleted }: HistoryRequest): void {
    refuseOutsiders(rankOf(caller), 'history', id);
    refuseLookingAtDeleted(caller, includeDeleted);
  }

  private async allowed(tx: Transaction, { id, caller, includeDeleted }: HistoryRequest): Promise<UserEntity | null> {
    const user = await this.users.find(tx, id);
    // Of a completely erased user only the log is left.
    const isGone = user ? user.deletedAt !== null : (await this.events.newestVersion(tx, id)) > 0;
    if (isGone ? !includeDeleted : !user) throw new UserNotFound();
    if (user && !allows(rankOf(caller), 'history', user)) throw new Forbidden();
    return user;
  }

  private async stateAt(tx: Transaction, id: string, point: PointInHistory): Promise<UserState> {
    if ('at' in point) {
      const version = await this.events.versionAt(tx, id, point.at);
      if (version === 0) throw new NoSuchVersion('The user did not exist at that time.');
      return this.past.asOf(tx, id, version);
    }
    const newest = await this.events.newestVersion(tx, id);
    if (point.version > newest) {
      throw new NoSuchVersion(`The user has no version ${point.version}; the latest is ${newest}.`);
    }
    return this.past.asOf(tx, id, point.version);
  }
}

function endOf({ version, updatedAt }: UserState): UserDiff['from'] {
  return { version, at: updatedAt.toISOString() };
}

// Fields that differ between any two versions, or are not part of the log.
const NOT_COMPARED: ReadonlySet<string> = new Set(['version', 'updatedAt', '_links', 'lockedUntil', 'lastLoginAt']);

function changesBetween(before: UserState, after: UserState): UserDiff['changes'] {
  const old = new Map<string, unknown>(Object.entries(comparable(before)));
  return Object.entries(comparable(after)).flatMap(([field, to]: [string, unknown]) => {
    const from = old.get(field);
    const isSame = NOT_COMPARED.has(field) || JSON.stringify(from) === JSON.stringify(to);
    return isSame ? [] : [{ field, from, to }];
  });
}

/** The user as callers see it, with its contacts. */
function comparable(state: UserState): object {
  return Object.assign({}, PastUserResponse.of(state), { contacts: state.contacts });
}
