import { chmodSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { URL } from 'node:url';
import { fillWithMigratedCluster } from './migrated-cluster.mjs';

const EMBEDDED_POSTGRES = new URL('../../dist/development/postgres/embedded-postgres.js', import.meta.url);

// One PostgreSQL for the whole run, with a migrated database that every test file clones.
export default async function globalSetup() {
  if (!existsSync(EMBEDDED_POSTGRES)) {
    throw new Error(
      'These tests start what is built, and nothing is: run `npm run build`, or the suite by its npm script',
    );
  }
  const { startEmbeddedPostgres } = await import(EMBEDDED_POSTGRES);
  const start = (dataDir) =>
    startEmbeddedPostgres({
      dataDir,
      settings: { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' },
    });
  const dataDir = mkdtempSync(join(tmpdir(), 'roster-test-'));
  // Reachable for the account that PostgreSQL runs as when the tests run as root.
  chmodSync(dataDir, 0o755);
  await fillWithMigratedCluster(dataDir, start);
  const postgres = await start(dataDir);
  globalThis.rosterTestPostgres = { postgres, dataDir };
  process.env.TEST_DATABASE_URL = postgres.url;
}
