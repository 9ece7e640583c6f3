import type { Actor } from '../../access/caller.js';
import type { Key } from '../../database/keyring.js';
import type { NewUserEvent } from '../../events/catalogue.js';
import { chainedRow, type EventRow, toEvent } from '../../events/event-log.js';
import { newId } from '../../events/new-id.js';
import type { PersonalData, Sealer, WrappedUserKey } from '../../events/personal-data.js';
import type { UserEvent } from '../../events/user-event.js';
import { evolve, type UserState } from '../aggregate/user.js';

/** When events happen, in milliseconds, and by whom. */
interface Cause {
  readonly at: number;
  readonly actor: Actor;
  readonly traceId: string;
}

/**
 * The events of a user who is not in the database yet: sealed under a new key, chained and folded as `EventLog` and `UserStore` do it,
 * for those who write many users at once.
 */
export class NewHistory {
  readonly rows: EventRow[] = [];
  readonly events: UserEvent[] = [];
  /** As `user_keys` holds it. */
  readonly key: WrappedUserKey;
  /** For what belongs to the user outside the log. */
  readonly sealer: Sealer;
  private readonly secret: Buffer;
  private folded: UserState | undefined;

  constructor(
    private readonly userId: string,
    private readonly personalData: PersonalData,
    private readonly chainKey: Key,
  ) {
    const { key, row } = personalData.newUserKey(userId);
    [this.secret, this.key] = [key, row];
    this.sealer = personalData.sealerUnder(key, userId);
  }

  append({ at, actor, traceId }: Cause, decided: readonly NewUserEvent[]): void {
    for (const newEvent of decided) {
      const place = {
        id: newId(at),
        user_id: this.userId,
        user_version: this.rows.length + 1,
        actor,
        trace_id: traceId,
        occurred_at: new Date(at),
        previous_hash: this.rows.at(-1)?.hash ?? null,
      };
      const sealed = this.personalData.sealUnder(this.secret, this.userId, newEvent);
      const stored = chainedRow(place, newEvent.type, sealed, this.chainKey);
      const happened = toEvent(stored, () => newEvent.data);
      this.rows.push(stored);
      this.events.push(happened);
      this.folded = evolve(this.folded, happened);
    }
  }

  /** The fold of the events so far. */
  get state(): UserState {
    if (!this.folded) throw new Error('A history begins with the event that creates the user');
    return this.folded;
  }
}
