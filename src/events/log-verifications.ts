import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

/** What a verification of the log found. */
export interface LogVerification {
  readonly finishedAt: Date;
  readonly users: number;
  readonly events: number;
  /** Counted up to the limit that was given. */
  readonly faults: number;
  readonly seconds: number;
  /** Whether the log was compared with a checkpoint, too, which alone shows that its end is missing. */
  readonly withCheckpoint: boolean;
}

export async function keepVerification(
  dataSource: DataSource,
  { users, events, faults, seconds, withCheckpoint }: Omit<LogVerification, 'finishedAt'>,
): Promise<void> {
  await dataSource.query(
    `INSERT INTO log_verifications (id, users, events, faults, seconds, with_checkpoint) VALUES ($1, $2, $3, $4, $5, $6)`,
    [uuidv7(), users, events, faults, seconds, withCheckpoint],
  );
}

/** The last one that came to its end; undefined if there was none. */
export async function lastVerification(dataSource: DataSource): Promise<LogVerification | undefined> {
  const [row] = await dataSource.query<LogVerification[]>(
    `SELECT finished_at AS "finishedAt", users::float8, events::float8, faults, seconds, with_checkpoint AS "withCheckpoint"
     FROM log_verifications ORDER BY id DESC LIMIT 1`,
  );
  return row;
}
