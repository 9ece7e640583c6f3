import { execFile } from 'node:child_process';
import { lchown, readFile, readlink, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { EmbeddedPostgresError, OR_SET_DATABASE_URL } from './error.js';

/**
 * Clears what a killed Roster left in `dataDirectory`: a PostgreSQL that still runs is stopped, a `postmaster.pid` that
 * would keep a new one from starting is corrected. The caller holds the folder's lock, so no living Roster uses it.
 *
 * @throws EmbeddedPostgresError when the PostgreSQL that still runs does not stop
 */
export async function clearOrphan(dataDirectory: string, onProgress: (message: string) => void): Promise<void> {
  const pidFile = join(dataDirectory, 'postmaster.pid');
  const lines = (await readFile(pidFile, 'utf8').catch(() => undefined))?.split('\n');
  if (!lines) return;
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) {
    // Written half when the machine went down
    await rm(pidFile, { force: true });
    return;
  }
  if (await isPostmasterOf(pid, dataDirectory)) {
    onProgress(`Stopping the PostgreSQL (process ${pid}) that a killed Roster left running on ${dataDirectory}`);
    await stopOrphan(pid, dataDirectory);
    return;
  }
  if (!isAlive(pid)) return;
  // The number now belongs to another process, which PostgreSQL would take for its predecessor. It ignores its parent's
  // number, and goes on to check the shared memory the file names, as it could not if we removed the file.
  const { uid, gid } = await stat(pidFile);
  const corrected = `${pidFile}.corrected`;
  await rm(corrected, { force: true });
  await writeFile(corrected, [process.pid, ...lines.slice(1)].join('\n'), { mode: 0o600, flag: 'wx' });
  await lchown(corrected, uid, gid);
  await rename(corrected, pidFile);
}

async function stopOrphan(pid: number, dataDirectory: string): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    const giveUpAt = Date.now() + 6_000;
    while (Date.now() < giveUpAt) {
      if (!(await isPostmasterOf(pid, dataDirectory))) return;
      await sleep(50);
    }
  }
  throw new EmbeddedPostgresError(
    `A PostgreSQL (process ${pid}) that a killed Roster left running on ${dataDirectory} does not stop. End it ` +
      `(kill -9 ${pid}) and start again. ${OR_SET_DATABASE_URL}`,
  );
}

/** Whether the process is really a postmaster on this folder: the number alone may be anybody's by now. */
async function isPostmasterOf(pid: number, dataDirectory: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform === 'linux') {
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    const workingDirectory = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    return name.trim() === 'postgres' && workingDirectory === (await realpath(dataDirectory));
  }
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', `${pid}`]).catch(() => ({
    stdout: '',
  }));
  return stdout.includes('postgres') && stdout.includes(`-D ${dataDirectory} `);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
