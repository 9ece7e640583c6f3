// Roster as it is delivered, but for its rate limits; with the cheapest hash that it takes, or its own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AS_STARTED } from '../../support/servers.mjs';
import { freePort, startDatabase, startProgram } from './program.mjs';

const ROOT = join(import.meta.dirname, '../../..');
const ADMIN = { admin: 'admin@localhost', password: 'measured nine times over' };

export async function start({ hash }) {
  const database = await startDatabase();
  const sink = fork(join(ROOT, 'bench/support/smtp-sink.mjs'));
  const [{ port: smtp }] = await once(sink, 'message');
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const cwd = mkdtempSync(join(tmpdir(), 'roster-peers-'));
  const env = {
    ...AS_STARTED,
    DATABASE_URL: database.url,
    SECRET_KEY: 'for measurements only, and nothing else',
    SMTP_URL: `smtp://127.0.0.1:${smtp}`,
    ADMIN_PASSWORD: ADMIN.password,
    RATE_LIMIT_ENABLED: 'false',
    PORT: String(port),
    PUBLIC_URL: url,
    // Production refuses cheap hashes, and takes the rest from here.
    ...(hash === 'cheap'
      ? { BCRYPT_COST: '4' }
      : { NODE_ENV: 'production', MAIL_FROM: 'Roster <roster@localhost>', ADMIN_EMAIL: ADMIN.admin }),
  };
  const program = () =>
    startProgram({
      command: process.execPath,
      args: [join(ROOT, 'dist/main.js')],
      env,
      cwd,
      ready: `${url}/health/ready`,
    });
  // The first one makes the tables.
  await (await program()).stop();
  const roster = await program();
  return {
    ...{ url, options: ADMIN, startMs: roster.startMs, database },
    version: JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version,
    pids: () => [roster.pid],
    stop: async () => {
      await roster.stop();
      sink.kill();
      await database.stop();
      rmSync(cwd, { recursive: true, force: true });
    },
  };
}
