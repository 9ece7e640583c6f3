import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { recordedLocation } from '../../dist/development/postgres/location.js';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = cacheFolder('roster-bench');
/** With other migrations or other people, what was kept is of no use. */
const MADE_BY = [
  'migrations/*',
  'src/development/seed/*',
  'bench/history.mjs',
  'bench/support/{many-people,ground-of-size,kept,servers}.mjs',
];

/**
 * The data folder of a PostgreSQL that takes minutes to fill, and is kept for the next run outside of the repository: `~/.cache/roster-bench`
 * (XDG_CACHE_HOME), several gigabytes. One that something else made, or that was not finished, is removed.
 * @returns `folder`, whether it `isComplete`, and `fill`, which does some work on it: until that has ended, it is not complete
 */
export async function keptFolder(name) {
  const hash = createHash('sha256');
  for (const file of globSync(MADE_BY, { cwd: ROOT }).sort()) hash.update(file).update(readFileSync(join(ROOT, file)));
  const kept = join(FOLDER, `${name}-${hash.digest('hex').slice(0, 12)}`);
  const finished = join(kept, 'complete');
  mkdirSync(FOLDER, { recursive: true });
  for (const other of readdirSync(FOLDER).map((one) => join(FOLDER, one)))
    if (other.startsWith(join(FOLDER, `${name}-`)) && (other !== kept || !existsSync(finished))) await remove(other);
  mkdirSync(kept, { recursive: true });
  // Which PostgreSQL can enter, too, that runs as somebody else when root measures.
  chmodSync(kept, 0o755);
  const fill = async (work) => {
    rmSync(finished, { force: true });
    const result = await work();
    writeFileSync(finished, '');
    return result;
  };
  return { folder: kept, isComplete: existsSync(finished), fill };
}

/** Where what was made or installed once is kept: outside of the repository. */
export function cacheFolder(name) {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), name);
}

/** With what PostgreSQL keeps elsewhere, because it cannot reach the folder. */
async function remove(folder) {
  const postgres = join(folder, 'postgres');
  const data = await recordedLocation(postgres);
  for (const one of [data, folder]) rmSync(one, { recursive: true, force: true });
}

/** With owners and permissions, which PostgreSQL insists on. */
export function copyFolder(from, to) {
  execFileSync('cp', ['-a', `${from}/.`, to]);
}

/** A copy that is there whole or not at all. */
export function saveFolder(from, to) {
  const unfinished = `${to}-unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  copyFolder(from, unfinished);
  rmSync(to, { recursive: true, force: true });
  renameSync(unfinished, to);
}
