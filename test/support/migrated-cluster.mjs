import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = resolve(import.meta.dirname, '../..');
const DIST = join(ROOT, 'dist');
const CACHE = join(ROOT, 'node_modules/.cache/roster-test');
const DAY_MS = 24 * 60 * 60 * 1000;

/** What an empty, migrated database follows from: the packages, PostgreSQL among them, the migrations, and what runs both. */
const FOLDERS = ['migrations', 'database', 'config', 'development/postgres'].map((folder) => join(DIST, folder));
const FILES = [join(ROOT, 'package-lock.json'), join(import.meta.dirname, 'global-setup.mjs'), import.meta.filename];

/**
 * Fills a folder with the data of a stopped PostgreSQL whose database is migrated: a copy of what an earlier run of this day made
 * of the very same, or else made now, and kept for the runs to come.
 * @param start starts a PostgreSQL on a folder
 */
export async function fillWithMigratedCluster(dataDir, start) {
  const kept = join(CACHE, key());
  if (existsSync(kept)) return copy(kept, dataDir);
  const postgres = await start(dataDir);
  try {
    const { migrate } = await import(pathToFileURL(join(DIST, 'database/migrate.js')).href);
    await migrate({ DATABASE_URL: postgres.url });
  } finally {
    await postgres.stop();
  }
  keep(dataDir, kept);
}

function keep(dataDir, kept) {
  mkdirSync(CACHE, { recursive: true });
  for (const folder of readdirSync(CACHE).map((name) => join(CACHE, name))) {
    if (Date.now() - statSync(folder).mtimeMs > DAY_MS) rmSync(folder, { recursive: true, force: true });
  }
  // Made aside, so that one whose making was interrupted is never taken for whole.
  const unfinished = `${kept}-${process.pid}`;
  mkdirSync(unfinished);
  copy(dataDir, unfinished);
  try {
    renameSync(unfinished, kept);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another run may have made it meanwhile.
    if (!existsSync(kept)) throw error;
  }
}

/** Of all that it follows from, and of the day: migrations make the partitions of the months to come. */
function key() {
  const hash = createHash('sha256').update(new Date().toISOString().slice(0, 10));
  const compiled = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.js'))
      .map((name) => join(folder, name)),
  );
  for (const file of [...compiled.sort(), ...FILES]) {
    const content = readFileSync(file);
    hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** What lies in a folder, with owners and modes, of which PostgreSQL is particular. */
function copy(from, to) {
  if (process.platform === 'win32') cpSync(from, to, { recursive: true });
  else execFileSync('cp', ['-Rp', join(from, 'postgres'), to]);
}
