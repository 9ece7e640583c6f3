import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startEmbeddedPostgres } from '../../dist/development/postgres/embedded-postgres.js';
import { call } from './load.mjs';

const DIST = join(import.meta.dirname, '../../dist');
/** The server module by module. */
const BY_MODULES = join(import.meta.dirname, 'serve-by-modules.mjs');
const COMMON = {
  SECRET_KEY: 'for measurements only, and nothing else',
  SMTP_URL: 'smtp://127.0.0.1:1',
  ADMIN_PASSWORD: 'measured nine times over',
  // They are measured by themselves.
  RATE_LIMIT_ENABLED: 'false',
};

/** What `npm start`, the image and the systemd unit set. */
export const AS_STARTED = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '1048576' };

/** As in an installation, where that makes a difference. */
export const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'http://localhost:3000',
  MAIL_FROM: 'Roster <roster@localhost>',
  ADMIN_EMAIL: 'admin@localhost',
  BCRYPT_COST: '10',
};

/**
 * A PostgreSQL of its own with durability on, and servers over it; `stop` ends all of it.
 * @param shared settings of all servers and commands
 * @param given `databaseUrl` of a database that is there already
 */
export async function startGround(shared = {}, given = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'roster-bench-'));
  chmodSync(dataDir, 0o755);
  const postgres = given.databaseUrl
    ? { url: given.databaseUrl, stop: () => undefined }
    : await startEmbeddedPostgres({ dataDir });
  const servers = [];
  const environment = {
    PATH: process.env.PATH,
    HOME: dataDir,
    DATABASE_URL: postgres.url,
    ...AS_STARTED,
    ...COMMON,
    ...shared,
  };
  return {
    databaseUrl: postgres.url,
    /** Runs an operator's command. @returns what it prints */
    command: async (...words) => {
      const options = { env: environment, cwd: dataDir };
      return (await promisify(execFile)(process.execPath, [join(DIST, 'cli.js'), ...words], options)).stdout;
    },
    /**
     * @param nodeOptions such as `--import` of what changes a module of the server, which is then not started from its bundle
     * @returns `startMs`: from the start of the process until it was ready
     */
    serve: async (settings = {}, nodeOptions = []) => {
      const port = await freePort();
      const begin = performance.now();
      const child = spawn(
        process.execPath,
        [...nodeOptions, nodeOptions.length > 0 ? BY_MODULES : join(DIST, 'main.js')],
        {
          cwd: dataDir,
          env: { ...environment, PORT: String(port), HOST: '127.0.0.1', ...settings },
          stdio: ['ignore', 'ignore', 'inherit'],
        },
      );
      servers.push(child);
      const url = `http://127.0.0.1:${port}`;
      for (let patience = 6000; ; patience--) {
        const ready = await call(`${url}/health/ready`).catch(() => undefined);
        if (ready?.status === 200) {
          return { url, port, pid: child.pid, startMs: performance.now() - begin, stop: () => end(child) };
        }
        if (patience === 0 || child.exitCode !== null) throw new Error('The server does not start');
        await sleep(10);
      }
    },
    stop: async () => {
      for (const child of servers) await end(child);
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function end(child) {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
