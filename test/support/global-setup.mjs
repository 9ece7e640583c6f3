import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { promisify } from 'node:util';

const DIST = new URL('../../dist/', import.meta.url);

// One PostgreSQL for the whole run, with a migrated database that every test file clones.
export default async function globalSetup() {
  if (!existsSync(new URL('cli.js', DIST))) {
    throw new Error(
      'These tests start what is built, and nothing is: run `npm run build`, or the suite by its npm script',
    );
  }
  const { startEmbeddedPostgres } = await import(new URL('development/postgres/embedded-postgres.js', DIST));
  const dataDir = mkdtempSync(join(tmpdir(), 'roster-test-'));
  // Reachable for the account that PostgreSQL runs as when the tests run as root.
  chmodSync(dataDir, 0o755);
  const postgres = await startEmbeddedPostgres({
    dataDir,
    settings: { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' },
  });
  globalThis.rosterTestPostgres = { postgres, dataDir };
  process.env.TEST_DATABASE_URL = postgres.url;
  await promisify(execFile)(process.execPath, [fileURLToPath(new URL('cli.js', DIST)), 'migrate'], {
    env: { ...process.env, DATABASE_URL: postgres.url, SECRET_KEY: 'x'.repeat(32), SMTP_URL: 'smtp://127.0.0.1:1' },
  });
}
