import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError, OR_SET_DATABASE_URL } from './error.js';

const SQLITE_BUSY = 5;
/** A Roster that was told to stop a moment ago still holds the folder while its PostgreSQL shuts down. */
const PATIENCE_MS = 2_000;

/** Held from here too: a lock that is garbage collected is a lock released. */
const held = new Set<DatabaseSync>();

/**
 * Takes `folder` for this process until the returned function is called or the process dies, however it dies.
 *
 * Node has no `flock`; an exclusive transaction on an empty SQLite file is one: the kernel drops it with the process, so
 * there is no stale lock to recognise, and no doubt whether a PostgreSQL found running is an orphan.
 *
 * @throws EmbeddedPostgresError when another running Roster has the folder
 */
export async function lockFolder(folder: string): Promise<() => void> {
  const ownerFile = join(folder, 'roster.pid');
  const lock = await openLock(join(folder, 'lock'), folder);
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      lock.exec('BEGIN EXCLUSIVE');
      break;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) {
        lock.close();
        throw cannotLock(folder, error);
      }
      if (Date.now() >= giveUpAt) {
        lock.close();
        throw await inUse(folder, ownerFile);
      }
      await sleep(100);
    }
  }
  held.add(lock);
  await writeFile(ownerFile, `${process.pid}\n`).catch(() => undefined);
  return () => {
    if (held.delete(lock)) lock.close();
  };
}

async function openLock(file: string, folder: string): Promise<DatabaseSync> {
  // Imported here, so that a production install on an older Node, which has DATABASE_URL, can load this module.
  const { DatabaseSync } = await import('node:sqlite');
  try {
    return new DatabaseSync(file, { timeout: 0 });
  } catch (error) {
    throw cannotLock(folder, error);
  }
}

async function inUse(folder: string, ownerFile: string): Promise<EmbeddedPostgresError> {
  const pid = (await readFile(ownerFile, 'utf8').catch(() => '')).trim();
  return new EmbeddedPostgresError(
    `DATA_DIR is in use by another running Roster${pid ? ` (process ${pid})` : ''}: its PostgreSQL is in ${folder}, and one ` +
      `data folder serves one Roster at a time. Stop that one first, or give this one a DATA_DIR of its own. ${OR_SET_DATABASE_URL}`,
  );
}

function cannotLock(folder: string, cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The data folder ${folder} cannot be locked (${(cause as Error).message}). It has to be on a local disk and writable by ` +
      `the user that runs Roster; if another user made it, run Roster as that user or give the folder away with chown -R. ` +
      OR_SET_DATABASE_URL,
    { cause },
  );
}
