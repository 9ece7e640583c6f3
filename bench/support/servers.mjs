import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { URL } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/development/postgres/embedded-postgres.js';
import { QUICK } from './counts.mjs';
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
export const AS_STARTED = settingsOf(JSON.parse(readFileSync(join(DIST, '../package.json'), 'utf8')).scripts.start);

/** As in an installation, where that makes a difference. */
export const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'http://localhost:3000',
  MAIL_FROM: 'Roster <roster@localhost>',
  ADMIN_EMAIL: 'admin@localhost',
  BCRYPT_COST: '10',
};

// With --quick, all grounds are databases of one PostgreSQL, and people who were added once are copied: to make and start one, or to add
// people, takes as long as some cases.
let common;
let databases = 0;
const seeded = new Map();

/**
 * A PostgreSQL of its own with durability on, and servers over it; `stop` ends all of it.
 * @param shared settings of all servers and commands
 * @param given `databaseUrl` of a database that is there already, or `kept`: the folder of a PostgreSQL that stays
 */
export async function startGround(shared = {}, given = {}) {
  const dataDir = temporaryFolder();
  const postgres = await postgresOf(given, dataDir);
  const servers = [];
  const environment = {
    PATH: process.env.PATH,
    HOME: dataDir,
    DATABASE_URL: postgres.url,
    ...AS_STARTED,
    ...COMMON,
    ...shared,
  };
  /** Runs an operator's command. @returns what it prints */
  const command = async (...words) => {
    const options = { env: environment, cwd: dataDir };
    return (await promisify(execFile)(process.execPath, [join(DIST, 'cli.js'), ...words], options)).stdout;
  };
  return {
    databaseUrl: postgres.url,
    command,
    /** Adds so many users. @returns what `roster seed` printed, their password among it */
    seed: async (users) => {
      const add = () => command('seed', '--users', String(users));
      if (!postgres.copy || servers.length > 0) return add();
      const kind = [users, environment.PASSWORD_HASH, environment.BCRYPT_COST ?? '12'].join(' ');
      const known = seeded.get(kind);
      if (known) await postgres.restore(known.database);
      else seeded.set(kind, { printed: await add(), database: await postgres.copy() });
      return seeded.get(kind).printed;
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

/** Of the environment, before the command itself. */
function settingsOf(command) {
  return Object.fromEntries([...command.matchAll(/\b([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name, value]));
}

async function postgresOf({ databaseUrl, kept }, dataDir) {
  if (databaseUrl) return { url: databaseUrl, stop: () => undefined };
  if (kept || !QUICK) return startEmbeddedPostgres({ dataDir: kept ?? dataDir });
  const { url } = await (common ??= startEmbeddedPostgres({ dataDir: temporaryFolder() }));
  const name = `bench_${++databases}`;
  const drop = () => execute(url, `DROP DATABASE ${name} WITH (FORCE)`);
  await execute(url, `CREATE DATABASE ${name}`);
  return {
    url: Object.assign(new URL(url), { pathname: `/${name}` }).href,
    copy: async () => {
      await execute(url, `CREATE DATABASE ${name}_copy TEMPLATE ${name}`);
      return `${name}_copy`;
    },
    restore: async (copy) => {
      await drop();
      await execute(url, `CREATE DATABASE ${name} TEMPLATE ${copy}`);
    },
    stop: drop,
  };
}

/** Ends what all grounds had in common. */
export async function stopCommonPostgres() {
  await (await common)?.stop();
  common = undefined;
}

async function execute(url, statement) {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** Which PostgreSQL can enter, too, that runs as somebody else when root measures. */
function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'roster-bench-'));
  chmodSync(folder, 0o755);
  return folder;
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
