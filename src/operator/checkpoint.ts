import { RowReader, Snapshot } from './snapshot.js';
import { type CheckpointHead, headsOf, type CheckpointStatement, writeCheckpoint } from './checkpoint-file.js';
import type { Fault } from './fault.js';
import type { OperatorContext } from './operator-context.js';

const BATCH = 1000;

/**
 * Writes a signed list of the current last event of every user.
 * @throws OperatorError if the file exists already
 */
export async function takeCheckpoint(operator: OperatorContext, file: string): Promise<CheckpointStatement> {
  const snapshot = await Snapshot.begin(await operator.connect());
  const [row] = await snapshot.query<{ now: Date }>('SELECT now()');
  const statement = await writeCheckpoint(
    file,
    currentHeads(snapshot),
    row?.now ?? new Date(Number.NaN),
    operator.keyring.current('checkpoint'),
  );
  await snapshot.end();
  return statement;
}

async function* currentHeads(snapshot: Snapshot): AsyncGenerator<CheckpointHead> {
  const heads = await RowReader.open<{ user_id: string; user_version: number; hash: Buffer }>(
    snapshot,
    'heads',
    'SELECT DISTINCT ON (user_id) user_id, user_version, hash FROM user_events ORDER BY user_id, user_version DESC',
  );
  for (let row = await heads.peek(); row; row = heads.atHand || (await heads.peek())) {
    yield { userId: row.user_id, version: row.user_version, hash: row.hash };
    heads.advance();
  }
}

interface LoggedHead {
  readonly last_version: number | null;
  readonly hash: Buffer | null;
}

/**
 * Faults of the log against a checkpoint: missing users, truncated logs, rewritten history.
 * @param file a verified checkpoint
 */
export async function* lostSince(snapshot: Snapshot, file: string): AsyncGenerator<Fault> {
  let batch: CheckpointHead[] = [];
  for await (const head of headsOf(file)) {
    if (batch.push(head) < BATCH) continue;
    yield* lostOf(snapshot, batch);
    batch = [];
  }
  yield* lostOf(snapshot, batch);
}

async function* lostOf(snapshot: Snapshot, heads: readonly CheckpointHead[]): AsyncGenerator<Fault> {
  const rows = await snapshot.query<LoggedHead>(
    `SELECT event.hash, (SELECT max(user_version) FROM user_events WHERE user_id = head.id) AS last_version
     FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS head (id, version, place)
       LEFT JOIN user_events AS event ON event.user_id = head.id AND event.user_version = head.version
     ORDER BY head.place`,
    [heads.map(({ userId }) => userId), heads.map(({ version }) => version)],
  );
  for (const [index, { userId, version, hash }] of heads.entries()) {
    const found = rows[index];
    if (found?.hash?.equals(hash)) continue;
    if (!found?.last_version) {
      yield { userId, what: `the checkpoint has it at version ${version}, but it is missing from the log` };
    } else if (found.last_version < version) {
      const what = `the checkpoint has version ${version}, but the log ends here: the log was truncated`;
      yield { userId, version: found.last_version, what };
    } else {
      yield { userId, version, what: 'its hash differs from the checkpoint: its history was rewritten' };
    }
  }
}
