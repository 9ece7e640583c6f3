import type { Keyring } from '../database/keyring.js';
import { chainHash, type EventRow, toEvent } from '../events/event-log.js';
import type { PersonalData, WrappedUserKey } from '../events/personal-data.js';
import { evolve, type UserState } from '../users/aggregate/user.js';
import type { Fault } from './fault.js';

/** Verifies the stored events of one user in order, and folds them from the first one. */
export class Chain {
  readonly faults: Fault[] = [];
  version = 0;
  /** The state after the events so far; not reliable after a fault. */
  state: UserState | undefined;
  private previousHash: Buffer | null = null;
  private readonly userKey: Buffer | undefined;
  private firstUnreadable: EventRow | undefined;

  constructor(
    readonly userId: string,
    private readonly wrappedKey: WrappedUserKey | undefined,
    private readonly keyring: Keyring,
    private readonly personalData: PersonalData,
  ) {
    try {
      this.userKey = wrappedKey && personalData.unwrap(userId, wrappedKey);
    } catch {
      this.faults.push({ userId, what: 'its personal-data key cannot be unwrapped: the key was changed' });
    }
  }

  add(row: EventRow): void {
    const broken = this.breakAt(row);
    if (broken) this.fault(row, broken);
    if (row.personal && !this.wrappedKey) this.firstUnreadable ??= row;
    if (this.faults.length === 0) this.fold(row);
    this.version = row.user_version;
    this.previousHash = row.hash;
  }

  /** To be called after the last event. */
  end(): void {
    const { userId, wrappedKey, firstUnreadable } = this;
    if (this.version === 0) {
      if (wrappedKey)
        this.faults.push({
          userId,
          what: 'the log has no events for this user, although its personal-data key exists',
        });
    } else if (this.faults.length > 0) {
      return;
    } else if (this.state?.erasedAt) {
      if (wrappedKey) this.faults.push({ userId, what: 'the user was erased, but its personal-data key still exists' });
    } else if (firstUnreadable) {
      this.fault(firstUnreadable, 'its personal-data key is missing, although the user was not erased');
    }
  }

  private breakAt({ hash, ...row }: EventRow): string | undefined {
    const expected = this.version + 1;
    if (row.user_version !== expected) {
      const last = row.user_version - 1;
      return last === expected
        ? `version ${expected} is missing before this event`
        : `versions ${expected} to ${last} are missing before this event`;
    }
    const key = this.keyring.find('event-chain', row.key_id);
    if (!key) return `its chain key ${row.key_id} is missing`;
    if (!chainHash(row, key.secret).equals(hash)) {
      return this.isSealedWhole(row)
        ? 'its hash does not match its content: it was changed after it was written'
        : 'its hash does not match its content, and its personal data cannot be unsealed: it was changed after it was written';
    }
    if (!(this.previousHash?.equals(row.previous_hash ?? Buffer.alloc(0)) ?? row.previous_hash === null)) {
      return 'it is not chained to the event before it';
    }
    return undefined;
  }

  private isSealedWhole(row: Omit<EventRow, 'hash'>): boolean {
    if (!this.userKey) return true;
    try {
      this.personalData.openerWith(this.userId, this.userKey)(row);
      return true;
    } catch {
      return false;
    }
  }

  private fold(row: EventRow): void {
    let data: Record<string, unknown>;
    try {
      data = this.personalData.openerWith(this.userId, this.userKey)(row);
    } catch {
      this.fault(row, 'its personal data cannot be unsealed');
      return;
    }
    try {
      this.state = evolve(
        this.state,
        toEvent(row, () => data),
      );
    } catch (error) {
      this.fault(row, `it cannot be applied to the events before it (${(error as Error).message})`);
    }
  }

  private fault({ user_version, id }: Pick<EventRow, 'user_version' | 'id'>, what: string): void {
    this.faults.push({ userId: this.userId, version: user_version, eventId: id, what });
  }
}
