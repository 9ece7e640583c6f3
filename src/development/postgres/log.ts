import {
  closeSync,
  copyFileSync,
  fchownSync,
  fstatSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { dirname } from 'node:path';

const MAX_BYTES = 10 * 1024 * 1024;
const CHECK_EVERY_MS = 60_000;

/** A file PostgreSQL writes its log to, opened by us: PostgreSQL's user may not be able to. */
export interface LogFile {
  readonly fd: number;
  readonly path: string;
  /** What was written since it was opened or last read, at most the last 16 kB. */
  read(): string;
  /** Lets go of it, and no longer watches its size. */
  close(): void;
}

/** Opens the log to append. Past 10 MB it is moved to `<path>.1`, whose place it takes, at the start and every minute. */
export function openLog(path: string): LogFile {
  rotate(path);
  const fd = openSync(path, 'a+', 0o600);
  if (process.getuid?.() === 0) {
    // So that the folder's owner can write it too, when not root but that user starts Roster the next time
    const owner = statSync(dirname(path));
    fchownSync(fd, owner.uid, owner.gid);
  }
  let from = fstatSync(fd).size;
  const timer = setInterval(() => rotate(path), CHECK_EVERY_MS).unref();
  return {
    fd,
    path,
    read() {
      const { size } = fstatSync(fd);
      const buffer = Buffer.alloc(Math.max(0, Math.min(size - from, 16_384)));
      readSync(fd, buffer, 0, buffer.length, size - buffer.length);
      from = size;
      return buffer.toString();
    },
    close() {
      clearInterval(timer);
      closeSync(fd);
    },
  };
}

/** Copied and emptied rather than renamed: PostgreSQL holds the file open, and appends. */
function rotate(path: string): void {
  try {
    if (statSync(path).size <= MAX_BYTES) return;
    rmSync(`${path}.1`, { force: true });
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
  } catch {
    // No log yet, or a full disk: not worth a failed start
  }
}
