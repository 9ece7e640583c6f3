import { systemContext } from '../access/caller.js';
import { newTraceId } from '../config/trace-id.js';
import { SIGNING_PURPOSES } from '../database/keyring.js';
import { authEventsAt, linksAt, sessionsAt } from './parts.js';
import type { OperatorContext } from './operator-context.js';
import type { Progress } from './progress.js';

/** What ended, so that nothing from before the backup works a second time. */
export interface AfterRestore {
  readonly sessions: number;
  readonly links: number;
  readonly devices: number;
  readonly mails: number;
  /** The last position of the feed. Readers that are further have events that are lost here. */
  readonly position: number;
}

/** More revocations than there are between a backup and its restore. */
const POSITIONS_SKIPPED = 1_000_000_000;
const GIVEN_UP = 'given up: queued before a backup that was restored';

/**
 * Makes a database that was restored from a backup safe to serve from. Since the backup, people may have signed out, used links, removed
 * devices or got these mails: sessions, links and remembered devices end, queued mails are given up, and the keys that sign tokens are
 * replaced and destroyed at once, so that services that verify by themselves refuse tokens of sessions that this database has never
 * known. To be run by the owner of the schema, before the first server starts on it; running it twice does no harm.
 */
export async function afterRestore(operator: OperatorContext, progress: Progress): Promise<AfterRestore> {
  const { dataSource, transactions, keyring } = operator;
  // A reader of the revocations may be further than the backup: from where it is, it reads on to those that are made here.
  await dataSource.query(`SELECT setval('revocation_positions', last_value + $1) FROM revocation_positions`, [
    POSITIONS_SKIPPED,
  ]);
  await keyring.rotateSigning();
  for (const purpose of ['access-token', ...SIGNING_PURPOSES] as const) await keyring.dropRetired(purpose, 0);
  const sessions = sessionsAt(operator, authEventsAt(operator));
  const links = linksAt(operator);
  let ended = 0;
  const [open] = await dataSource.query<[{ links: number }]>(
    'SELECT count(*)::int AS links FROM one_time_tokens WHERE used_at IS NULL AND expires_at > now()',
  );
  const users = await dataSource.query<{ id: string }[]>(WITH_SOMETHING_OPEN);
  progress.start(users.length);
  for (const { id } of users) {
    await transactions.run(async (tx) => {
      ended += await sessions.endAll(tx, id, 'backup-restored', undefined, systemContext(newTraceId()));
      await links.revokeEvery(tx, id);
    });
    progress.add(1);
  }
  progress.stop();
  const [, devices] = await dataSource.query<[unknown[], number]>('DELETE FROM remembered_devices');
  const [, mails] = await dataSource.query<[unknown[], number]>(
    `UPDATE mails SET state = 'failed', last_error = $1 WHERE state = 'queued'`,
    [GIVEN_UP],
  );
  const [feed] = await dataSource.query<[{ position: string }]>(
    'SELECT coalesce(max(position), 0) AS position FROM event_positions',
  );
  return { sessions: ended, links: open.links, devices, mails, position: Number(feed.position) };
}

// Sign-in tickets end with the sessions.
const WITH_SOMETHING_OPEN = `
  SELECT user_id AS id FROM sessions WHERE ended_at IS NULL
  UNION SELECT user_id FROM one_time_tokens
  UNION SELECT user_id FROM sign_in_tickets`;

/** For the person at the terminal. */
export function afterRestoreReport({ sessions, links, devices, mails, position }: AfterRestore): string {
  return (
    `Ended: ${sessions} sessions, ${links} links, ${devices} remembered devices. Given up: ${mails} queued mails.\n` +
    `Tokens are signed by new keys; those from before are refused.\n` +
    `The feed ends at position ${position}. Readers that are further have to read on from there: what they read after it is not in this database.`
  );
}
