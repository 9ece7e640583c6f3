import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canEnter, canWriteIn, type RunAs } from './account.js';
import { EmbeddedPostgresError, OR_SET_DATABASE_URL } from './error.js';

const POINTER = 'location.txt';

interface Pointer {
  readonly data: string;
  /** The folder that held the pointer when it was made. */
  readonly madeFor: string;
}

/** Where the cluster is, or will be: `folder` (DATA_DIR/postgres) unless its pointer says elsewhere. */
export async function recordedLocation(folder: string): Promise<string> {
  const pointer = await readPointer(folder);
  return pointer && !(await isCopied(pointer, folder)) ? pointer.data : folder;
}

/**
 * The folder that holds, or shall hold, the cluster: `folder` itself where `account` can reach it, else one outside, which
 * a text file in `folder` then names. Permissions of folders that were there before are never changed.
 */
export async function chooseLocation(
  folder: string,
  account: RunAs,
  onProgress: (message: string) => void,
): Promise<string> {
  const recorded = await recordedLocation(folder);
  if (recorded !== folder && !existsSync(recorded)) {
    throw new EmbeddedPostgresError(
      `The data of the embedded PostgreSQL is gone: ${join(folder, POINTER)} says it is in ${recorded}, which is not there. ` +
        `Bring that folder back, or delete DATA_DIR to begin with an empty database. ${OR_SET_DATABASE_URL}`,
    );
  }
  const cluster = join(recorded, 'cluster');
  if (existsSync(cluster)) {
    if (await canWriteIn(account, cluster)) return recorded;
    throw new EmbeddedPostgresError(
      `The data of the embedded PostgreSQL in ${cluster} cannot be reached by ${account ? `the user "${account.name}"` : 'you'}. ` +
        `Run Roster as the user that made it, or move DATA_DIR to where that user can reach it. ${OR_SET_DATABASE_URL}`,
    );
  }
  if (recorded !== folder || !account || (await canKeepDataIn(folder, account))) return recorded;

  const base = await reachableBase(account, onProgress);
  const data = join(base, randomBytes(8).toString('hex'));
  await mkdir(data, { mode: 0o755 });
  await chmod(data, 0o755);
  await writePointer(folder, { data, madeFor: folder }, account.name);
  onProgress(`The user "${account.name}" cannot reach ${folder}; PostgreSQL keeps its data in ${data} instead.`);
  return data;
}

/**
 * A folder outside DATA_DIR that is root's alone to write and that `account` can enter.
 *
 * @throws EmbeddedPostgresError when none can be made
 */
export async function reachableBase(
  account: NonNullable<RunAs>,
  onProgress: (message: string) => void,
): Promise<string> {
  const temporary = join(tmpdir(), 'roster');
  for (const base of ['/var/lib/roster', temporary]) {
    try {
      await mkdir(base, { mode: 0o755 });
      await chmod(base, 0o755);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') continue;
    }
    const found = await lstat(base);
    // Anyone may make a folder in /tmp: one that is not root's could be swapped under us
    if (!found.isDirectory() || found.uid !== 0 || (found.mode & 0o022) !== 0) continue;
    if (!(await canEnter(account, base))) continue;
    if (base === temporary) onProgress(`Warning: using ${base}, which the system may empty at a restart.`);
    return base;
  }
  throw new EmbeddedPostgresError(
    `Roster runs as root, which PostgreSQL refuses, and the user "${account.name}" that it runs as instead can reach neither ` +
      `DATA_DIR nor /var/lib/roster nor ${temporary}. Set DATA_DIR to a folder below one that every user can enter, or run ` +
      `Roster as an ordinary user. ${OR_SET_DATABASE_URL}`,
  );
}

async function canKeepDataIn(folder: string, account: NonNullable<RunAs>): Promise<boolean> {
  const probe = join(folder, `init-${randomBytes(4).toString('hex')}`);
  await mkdir(probe, { mode: 0o700 });
  try {
    await chown(probe, account.uid, account.gid);
    return await canWriteIn(account, probe);
  } catch {
    // A filesystem that knows no owners
    return false;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

/** A copied checkout names the data of its original; a moved one names its own. */
async function isCopied(pointer: Pointer, folder: string): Promise<boolean> {
  return pointer.madeFor !== folder && (await readPointer(pointer.madeFor))?.data === pointer.data;
}

async function readPointer(folder: string): Promise<Pointer | undefined> {
  const text = await readFile(join(folder, POINTER), 'utf8').catch(() => '');
  const data = /^data: (\/.+)$/m.exec(text)?.[1];
  const madeFor = /^made for: (\/.+)$/m.exec(text)?.[1];
  return data && madeFor ? { data, madeFor } : undefined;
}

async function writePointer(folder: string, { data, madeFor }: Pointer, user: string): Promise<void> {
  await writeFile(
    join(folder, POINTER),
    `Roster runs as root here and PostgreSQL does not, so its data is kept where the user "${user}" can reach it.\n` +
      `Delete both folders to begin with an empty database.\n\n` +
      `data: ${data}\nmade for: ${madeFor}\n`,
  );
}
