import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { treeOf } from './tree.mjs';

const PATIENCE_MS = 10_000;
let folder;

/**
 * Gives this run a temporary folder of its own, in which all that it makes has its temporary files, and cleans up when it is interrupted
 * or fails: processes, PostgreSQL included, and the folder.
 */
export function cleanUpWhenInterrupted() {
  folder = mkdtempSync(join(tmpdir(), 'roster-bench-run-'));
  // PostgreSQL runs as somebody else when root measures.
  chmodSync(folder, 0o755);
  process.env.TMPDIR = folder;
  let ending;
  const end = (code) => (ending ??= cleanUp().finally(() => process.exit(code)));
  process.on('SIGINT', () => end(130));
  process.on('SIGTERM', () => end(143));
  process.on('SIGHUP', () => end(129));
  process.on('uncaughtException', (error) => {
    // Interrupted, everything fails that was being waited for.
    if (ending === undefined) console.error(error);
    end(1);
  });
}

/** Ends all that this run has started and that still runs, and removes its temporary folder. */
export async function cleanUp() {
  for (const until = Date.now() + PATIENCE_MS; ; await sleep(50)) {
    const left = startedHere();
    if (left.length === 0) break;
    if (Date.now() > until) {
      console.error(`Still running: ${left.join(', ')}`);
      break;
    }
    for (const pid of left) kill(pid);
  }
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** What this process has begun, and what has left its parent since but has the run's folder in its environment. */
function startedHere() {
  const known = new Set(treeOf([process.pid]));
  for (const name of folder ? readdirSync('/proc') : []) {
    if (/^\d+$/.test(name) && read(name, 'environ').includes(folder)) known.add(Number(name));
  }
  known.delete(process.pid);
  return [...known].filter((pid) => read(pid, 'stat').split(') ')[1]?.startsWith('Z') === false);
}

function kill(pid) {
  // SIGQUIT makes PostgreSQL end its children and give back its shared memory.
  const isPostgres = read(pid, 'comm').startsWith('postgres');
  try {
    process.kill(pid, isPostgres ? 'SIGQUIT' : 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
