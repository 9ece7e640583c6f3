import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import { EventLog } from '../../events/event-log.js';
import { Snapshots } from '../store/snapshots.js';
import { evolve, type UserState } from '../aggregate/user.js';

// Events held in memory at once when there are no snapshots.
const CHUNK = 1000;

/** Past states of users. */
@Injectable()
export class PastStates {
  constructor(
    private readonly log: EventLog,
    private readonly snapshots: Snapshots,
  ) {}

  /**
   * The user at a version, folded by the same `evolve` as the row, starting from the latest snapshot before it. Missing snapshots
   * on the way are stored for next time. Erased values are null.
   * @throws Error when the log has no such version
   */
  async asOf(tx: Transaction, userId: string, version: number): Promise<UserState> {
    let state = await this.snapshots.newest(tx, userId, version);
    for (let after = state?.version ?? 0; after < version; after += CHUNK) {
      const passed: UserState[] = [];
      for (const event of await this.log.read(tx, userId, { after, upTo: Math.min(version, after + CHUNK) })) {
        state = evolve(state, event);
        passed.push(state);
      }
      await this.snapshots.save(tx, passed);
    }
    if (state?.version !== version) throw new Error(`The log has no version ${version} of user ${userId}`);
    return state;
  }
}
