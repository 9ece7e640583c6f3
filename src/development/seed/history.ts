import type { Actor } from '../../access/caller.js';
import { newTraceId } from '../../config/trace-id.js';
import type { Key } from '../../database/keyring.js';
import type { NewUserEvent } from '../../events/catalogue.js';
import type { EventRow } from '../../events/event-log.js';
import type { PersonalData, WrappedUserKey } from '../../events/personal-data.js';
import type { UserEvent } from '../../events/user-event.js';
import { DomainError } from '../../problems/domain-error.js';
import type { UserState } from '../../users/aggregate/user.js';
import { NewHistory } from '../../users/store/new-history.js';
import type { Life } from './life.js';

/** A user as the fold of the events that a life came to. */
export interface History {
  readonly state: UserState;
  readonly events: readonly UserEvent[];
  readonly rows: readonly EventRow[];
  /** As `user_keys` holds it, until the person is erased. */
  readonly key: WrappedUserKey;
}

/** Turns plans into events: decided by the real rules, sealed, chained and folded as `EventLog` and `UserStore` do it. */
export class Histories {
  constructor(
    private readonly personalData: PersonalData,
    private readonly chainKey: Key,
  ) {}

  of({ id, bornAt, birth, steps }: Life): History {
    const history = new NewHistory(id, this.personalData, this.chainKey);
    const traceId = newTraceId();
    history.append({ at: bornAt, actor: birth.by, traceId }, birth.events);
    for (const { at, by, decide } of [{ at: bornAt, by: birth.by, decide: birth.then }, ...steps]) {
      const cause = decide === birth.then ? traceId : newTraceId();
      for (const decision of decide) {
        const before = history.state;
        // Somebody who is suspended cannot do anything.
        if (by === 'self' && before.suspendedAt !== null) continue;
        const actor: Actor = by === 'self' ? { kind: 'user', id, role: before.role } : by;
        history.append(
          { at, actor, traceId: cause },
          unlessRefused(() => decision(before)),
        );
      }
    }
    return { state: history.state, events: history.events, rows: history.rows, key: history.key };
  }
}

/** What a rule refuses at that time, such as confirming an address while suspended, does not happen. */
function unlessRefused(decision: () => NewUserEvent[]): NewUserEvent[] {
  try {
    return decision();
  } catch (error) {
    if (error instanceof DomainError) return [];
    throw error;
  }
}
