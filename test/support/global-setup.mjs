import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { URL } from 'node:url';
import { fillWithMigratedCluster } from './migrated-cluster.mjs';

const EMBEDDED_POSTGRES = new URL('../../dist/development/postgres/embedded-postgres.js', import.meta.url);

// One PostgreSQL for the whole run, with a migrated database that every test file clones.
export default async function globalSetup(_globalConfig, { displayName }) {
  if (!existsSync(EMBEDDED_POSTGRES)) {
    throw new Error(
      'These tests start what is built, and nothing is: run `npm run build`, or the suite by its npm script',
    );
  }
  const { startEmbeddedPostgres } = await import(EMBEDDED_POSTGRES);
  const start = (dataDir) =>
    startEmbeddedPostgres({
      dataDir,
      settings: {
        fsync: 'off',
        full_page_writes: 'off',
        synchronous_commit: 'off',
        max_connections: '300',
        max_wal_size: '128MB',
        // Each connection computes them anew, and each Roster opens some twenty.
        scram_iterations: '1',
      },
    });
  // What soak tests write would not fit into every memory.
  const dataDir = makeDataDir(displayName.name === 'soak' ? tmpdir() : inMemory());
  // Reachable for the account that PostgreSQL runs as when the tests run as root.
  chmodSync(dataDir, 0o755);
  await fillWithMigratedCluster(dataDir, start);
  const postgres = await start(dataDir);
  globalThis.rosterTestPostgres = { postgres, dataDir };
  process.env.TEST_DATABASE_URL = postgres.url;
}

const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 2 ** 30;
const DAY_MS = 24 * 60 * 60 * 1000;

function makeDataDir(parent) {
  const prefix = 'roster-test-';
  for (const name of readdirSync(parent).filter((name) => name.startsWith(prefix))) removeIfLeft(join(parent, name));
  return mkdtempSync(join(parent, prefix));
}

/** What a run that was killed left behind would keep memory until the next boot. */
function removeIfLeft(folder) {
  try {
    if (Date.now() - statSync(folder).mtimeMs > DAY_MS) rmSync(folder, { recursive: true, force: true });
  } catch {
    // Somebody else's, who removes it.
  }
}

/** Where Linux offers it: on a disk, the 400 files of a new database can take ten times the processor time. */
function inMemory() {
  try {
    accessSync(MEMORY, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize > ENOUGH_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}
