import type { Actor } from '../../access/caller.js';
import { newTraceId } from '../../config/trace-id.js';
import type { Key } from '../../database/keyring.js';
import type { NewUserEvent } from '../../events/catalogue.js';
import { chainedRow, type EventRow, toEvent } from '../../events/event-log.js';
import type { PersonalData, WrappedUserKey } from '../../events/personal-data.js';
import type { UserEvent } from '../../events/user-event.js';
import { DomainError } from '../../problems/domain-error.js';
import { evolve, type UserState } from '../../users/aggregate/user.js';
import type { Life } from './life.js';
import { newId } from './new-id.js';

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
    const { key, row } = this.personalData.newUserKey(id);
    const rows: EventRow[] = [];
    const events: UserEvent[] = [];
    let state: UserState | undefined;
    const append = (at: number, actor: Actor, traceId: string, decided: readonly NewUserEvent[]): void => {
      for (const newEvent of decided) {
        const previous = rows.at(-1);
        const place = {
          id: newId(at),
          user_id: id,
          user_version: rows.length + 1,
          actor,
          trace_id: traceId,
          occurred_at: new Date(at),
          previous_hash: previous?.hash ?? null,
        };
        const sealed = this.personalData.sealUnder(key, id, newEvent);
        const stored = chainedRow(place, newEvent.type, sealed, this.chainKey);
        const happened = toEvent(stored, () => newEvent.data);
        rows.push(stored);
        events.push(happened);
        state = evolve(state, happened);
      }
    };
    append(bornAt, birth.by, newTraceId(), birth.events);
    for (const { at, by, decide } of [{ at: bornAt, by: birth.by, decide: birth.then }, ...steps]) {
      const traceId = decide === birth.then ? (rows[0]?.trace_id ?? newTraceId()) : newTraceId();
      for (const decision of decide) {
        const before = current(state);
        // Somebody who is suspended cannot do anything.
        if (by === 'self' && before.suspendedAt !== null) continue;
        const actor: Actor = by === 'self' ? { kind: 'user', id, role: before.role } : by;
        append(
          at,
          actor,
          traceId,
          unlessRefused(() => decision(before)),
        );
      }
    }
    return { state: current(state), events, rows, key: row };
  }
}

function current(state: UserState | undefined): UserState {
  if (!state) throw new Error('A life begins with the event that creates the user');
  return state;
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
