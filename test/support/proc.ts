import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

// Reads processes from /proc. A process may end between two reads: what is read of one that has ended is empty.

/** A file of `/proc/PID`; empty where the process is gone. */
export function readProc(pid: number, file: string): string {
  return unlessGone(() => readFileSync(`/proc/${pid}/${file}`, 'utf8')) ?? '';
}

/** Processes that it started and that still run. */
export function childrenOf(pid: number): number[] {
  return readProc(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** Whether it accepts connections on the port. */
export function listens(pid: number, port: number): boolean {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = ['tcp', 'tcp6'].flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1));
  const fields = rows.map((row) => row.trim().split(/\s+/));
  const sockets = fields.filter(([, at = '', , state]) => state === '0A' && at.endsWith(ending)).map((row) => row[9]);
  const open = unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  const links = open.map((fd) => unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`)));
  return sockets.some((inode) => links.includes(`socket:[${inode}]`));
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // ESRCH where it ends while its file is read.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
