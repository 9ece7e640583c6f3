import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import { PersonalData } from '../../events/personal-data.js';
import { InjectLog, type Log } from '../../ops/log.js';
import type { UserState } from '../aggregate/user.js';

/**
 * The version of the shape of `UserState` and of the results of `evolve`. Raise it whenever either changes: snapshots of another
 * shape are ignored and rewritten on demand.
 */
export const STATE_SHAPE = 2;

const EVERY = 200;

/**
 * States at every 200th version, so that any past state is at most 199 events away. They are a cache of the log: a snapshot that is
 * missing, of another shape or tampered with costs only time.
 */
@Injectable()
export class Snapshots {
  /** In versions. */
  readonly every: number = EVERY;

  constructor(
    private readonly personalData: PersonalData,
    @InjectLog() private readonly log: Log,
  ) {}

  /** Stores the states of one user that are due for a snapshot, sealed under the user's key; none once the key is destroyed. */
  async save(tx: Transaction, states: readonly UserState[]): Promise<void> {
    const due = states.filter(({ version, erasedAt }) => version % this.every === 0 && erasedAt === null);
    const userId = due[0]?.id;
    if (userId === undefined) return;
    const sealer = await this.personalData.sealer(tx, userId);
    if (!sealer) return;
    // The key is locked until commit: a concurrent erasure waits and removes these snapshots too.
    await tx.query(
      `INSERT INTO user_snapshots (user_id, user_version, shape, sealed)
       SELECT key.user_id, due.version, $2, due.sealed
       FROM (SELECT user_id FROM user_keys WHERE user_id = $1 FOR KEY SHARE) AS key,
         unnest($3::integer[], $4::bytea[]) AS due (version, sealed)
       ON CONFLICT (user_id, user_version) DO UPDATE SET shape = excluded.shape, sealed = excluded.sealed`,
      [
        userId,
        STATE_SHAPE,
        due.map(({ version }) => version),
        due.map((state) => sealer.seal(Buffer.from(writeState(state)), labelOf(state.version))),
      ],
    );
  }

  /** The newest readable snapshot of this user up to a version, if any. */
  async newest(tx: Transaction, userId: string, upTo: number): Promise<UserState | undefined> {
    const [row] = await tx.query<{ user_version: number; sealed: Buffer }[]>(
      `SELECT user_version, sealed FROM user_snapshots WHERE user_id = $1 AND user_version <= $2 AND shape = $3
       ORDER BY user_version DESC LIMIT 1`,
      [userId, upTo, STATE_SHAPE],
    );
    const sealer = row && (await this.personalData.sealer(tx, userId));
    if (!sealer) return undefined;
    try {
      return readState(sealer.open(row.sealed, labelOf(row.user_version)).toString());
    } catch (error) {
      const what = { err: error, userId, userVersion: row.user_version };
      this.log.warn(what, 'snapshot cannot be unsealed; rebuilding from the event log');
      return undefined;
    }
  }
}

function labelOf(version: number): string {
  return `snapshot:${version}`;
}

/** JSON in which dates are distinguishable from strings. */
export function writeState(state: UserState): string {
  return JSON.stringify(state, function (this: Record<string, unknown>, key, value: unknown) {
    // `value` is already a string for a Date; `this` still holds the Date.
    const own = this[key];
    return own instanceof Date ? { $time: own.getTime() } : value;
  });
}

export function readState(text: string): UserState {
  return JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && '$time' in value ? new Date(value.$time as number) : value,
  ) as UserState;
}
