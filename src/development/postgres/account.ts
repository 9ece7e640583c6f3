import { spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { EmbeddedPostgresError, OR_SET_DATABASE_URL } from './error.js';

/** The user PostgreSQL runs as when Roster runs as root, which PostgreSQL refuses. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** `undefined` means: as the user that runs Roster. */
export type RunAs = Account | undefined;

export interface RunResult {
  readonly ok: boolean;
  /** What it wrote to stdout and stderr, or why it could not be started. */
  readonly output: string;
  /** Set when it could not be started at all, e.g. `EACCES`. */
  readonly spawnError?: string;
}

/** In the order they are tried; the last ones exist nearly everywhere. */
const SYSTEM_ACCOUNTS = ['postgres', '_postgres', 'nobody', 'daemon', 'www-data'];

/**
 * Whom to run PostgreSQL as: nobody else unless Roster runs as root, else the owner of the data in `cluster`, else of the
 * first of `folders` that is not root's, else an unprivileged account of the system.
 *
 * @throws EmbeddedPostgresError when there is no such account, or root may not become it (a container without CAP_SETUID)
 */
export async function chooseAccount(cluster: string, folders: readonly string[]): Promise<RunAs> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await systemAccounts();
  const account =
    (await ownerOf([cluster, ...folders], known, cluster)) ??
    SYSTEM_ACCOUNTS.flatMap((name) => known.get(name) ?? [])[0];
  if (!account) {
    throw new EmbeddedPostgresError(
      `Roster runs as root, which PostgreSQL refuses, and none of the users ${SYSTEM_ACCOUNTS.join(', ')} is in /etc/passwd to ` +
        `run it as. Run Roster as an ordinary user. ${OR_SET_DATABASE_URL}`,
    );
  }
  const tried = await run(account, '/bin/sh', ['-c', 'exit 0']);
  if (!tried.ok) {
    throw new EmbeddedPostgresError(
      `Roster runs as root, which PostgreSQL refuses, and it may not run a program as the user "${account.name}" here ` +
        `(${tried.output.trim()}); a container without the capabilities SETUID and SETGID is like that. Run Roster as an ` +
        `ordinary user. ${OR_SET_DATABASE_URL}`,
    );
  }
  return account;
}

/** Runs a program to its end, as `account`, with nothing of our environment that could change what PostgreSQL does. */
export async function run(account: RunAs, command: string, args: readonly string[]): Promise<RunResult> {
  return new Promise((resolve) => {
    let output = '';
    const collect = (chunk: Buffer) => (output += chunk.toString());
    const failed = (error: NodeJS.ErrnoException) =>
      resolve({ ok: false, output: error.message, spawnError: error.code ?? 'unknown' });
    try {
      const child = spawn(command, args, { ...spawnOptions(account), stdio: ['ignore', 'pipe', 'pipe'] });
      child.stdout.on('data', collect);
      child.stderr.on('data', collect);
      child.once('error', failed);
      child.once('close', (code) => resolve({ ok: code === 0, output }));
    } catch (error) {
      failed(error as NodeJS.ErrnoException);
    }
  });
}

/** `cwd` is one that every user can enter: PostgreSQL's programs give up in a folder they cannot. */
export function spawnOptions(account: RunAs) {
  return {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(account && { uid: account.uid, gid: account.gid }),
  };
}

/** Whether `account` can really enter `folder` and write in it; mode bits alone do not tell (ACLs, mounts, parents). */
export async function canWriteIn(account: RunAs, folder: string): Promise<boolean> {
  const script = 'cd "$1" && : > .reachable && rm .reachable';
  return (await run(account, '/bin/sh', ['-c', script, 'sh', folder])).ok;
}

/** Whether `account` can really enter `folder`. */
export async function canEnter(account: RunAs, folder: string): Promise<boolean> {
  return (await run(account, '/bin/sh', ['-c', 'cd "$1"', 'sh', folder])).ok;
}

async function ownerOf(
  folders: readonly string[],
  known: Map<string, Account>,
  cluster: string,
): Promise<Account | undefined> {
  for (const folder of folders) {
    const { uid, gid } = await stat(folder).catch(() => ({ uid: 0, gid: 0 }));
    if (uid === 0) continue;
    const named = [...known.values()].find((account) => account.uid === uid);
    if (named) return named;
    // initdb insists on a user with a name; postgres itself does not
    if (folder === cluster) return { name: `uid ${uid}`, uid, gid };
  }
  return undefined;
}

async function systemAccounts(): Promise<Map<string, Account>> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const accounts = new Map<string, Account>();
  for (const line of passwd.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    // macOS writes nobody's id as -2
    if (name && uid && gid && Number(uid) !== 0) accounts.set(name, { name, uid: +uid >>> 0, gid: +gid >>> 0 });
  }
  return accounts;
}
