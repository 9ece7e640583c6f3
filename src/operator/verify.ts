import { keepVerification } from '../events/log-verifications.js';
import { lostSince } from './checkpoint.js';
import { proveCheckpoint } from './checkpoint-file.js';
import { Snapshot } from './snapshot.js';
import type { Fault } from './fault.js';
import type { Progress } from './progress.js';
import { differingColumns, type WalkedUser, walkUsers } from './walk.js';
import type { OperatorContext } from './operator-context.js';

export interface Verification {
  /** In the order found, up to the limit. */
  readonly faults: readonly Fault[];
  readonly users: number;
  readonly events: number;
  readonly seconds: number;
}

export interface VerifyOptions {
  /** Stops after this many faults. */
  readonly limit: number;
  /** A checkpoint that the log must match. */
  readonly checkpoint?: string | undefined;
  readonly progress: Progress;
}

/**
 * Verifies every chain, every row against the log, and the log against a checkpoint, on one snapshot; servers may keep running.  *
 * @throws OperatorError if the checkpoint itself is invalid
 */
export async function verify(operator: OperatorContext, options: VerifyOptions): Promise<Verification> {
  const { limit, checkpoint, progress } = options;
  if (checkpoint !== undefined) await proveCheckpoint(checkpoint, operator.keyring);
  const snapshot = await Snapshot.begin(await operator.connect());
  const begin = performance.now();
  let [users, events] = [0, 0];
  const faults: Fault[] = [];
  const result = () => ({ faults, users, events, seconds: (performance.now() - begin) / 1000 });
  if (checkpoint !== undefined) {
    for await (const fault of lostSince(snapshot, checkpoint)) if (faults.push(fault) >= limit) return result();
  }
  progress.start(await snapshot.countEvents());
  try {
    const onEvents = (count: number) => {
      events += count;
      progress.add(count);
    };
    for await (const user of walkUsers(operator, snapshot, onEvents)) {
      users++;
      for (const fault of faultsOf(user)) if (faults.push(fault) >= limit) return result();
    }
  } finally {
    progress.stop();
  }
  await snapshot.end();
  return result();
}

/** As `verify`, and keeps the result in the database, for the health page. @throws as `verify` */
export async function keptVerification(operator: OperatorContext, options: VerifyOptions): Promise<Verification> {
  const result = await verify(operator, options);
  const { faults, ...counts } = result;
  const withCheckpoint = options.checkpoint !== undefined;
  await keepVerification(operator.dataSource, { ...counts, faults: faults.length, withCheckpoint });
  return result;
}

/** The faults of a user's events or, if there are none, of its row. */
export function faultsOf({ id, version, faults, expected, actual }: WalkedUser): readonly Fault[] {
  const fault = (what: string) => [{ userId: id, what }];
  if (version === 0 && actual) return fault('it has a row in users, but the log has no events for it');
  if (faults.length > 0) return faults;
  if (!actual) return expected ? fault('it is in the log, but its row in users is missing') : [];
  if (!expected) return fault('it was erased, but its row in users still exists');
  if (Number(actual['version']) > version) {
    return [
      {
        userId: id,
        version,
        what: `its row in users is at version ${String(actual['version'])}, but the log ends here: the log was truncated`,
      },
    ];
  }
  const columns = differingColumns(expected, actual);
  return columns.length > 0
    ? fault(`its row in users does not match the log; it differs in ${columns.join(', ')}`)
    : [];
}
