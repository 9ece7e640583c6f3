import { clearTimeout, setTimeout } from 'node:timers';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../../dist/development/postgres/embedded-postgres.js';
import { cacheFolder, copyFolder, saveFolder } from '../../support/kept.mjs';
import { call } from '../../support/load.mjs';
import { parentOf } from '../../support/processor.mjs';
import { NotAsAskedFor } from '../asked-for.mjs';

/** Where what was installed once is kept: outside of the repository. */
export const CACHE = cacheFolder('roster-bench-peers');

/**
 * The same PostgreSQL for everybody: durability on, nothing tuned.
 * @param from a folder that `stop` has saved, if there is one: what a system makes once is made
 * @returns `postmaster`: its process, whose children do the work
 */
export async function startDatabase(from) {
  const dataDir = mkdtempSync(join(tmpdir(), 'roster-peers-'));
  chmodSync(dataDir, 0o755);
  if (from && existsSync(from)) copyFolder(from, dataDir);
  const postgres = await startEmbeddedPostgres({ dataDir });
  const query = async (...words) => {
    const client = new pg.Client(postgres.url);
    await client.connect();
    try {
      return (await client.query(...words)).rows;
    } finally {
      await client.end();
    }
  };
  const client = new pg.Client(postgres.url);
  await client.connect();
  const postmaster = parentOf((await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid);
  await client.end();
  return {
    url: postgres.url,
    postmaster,
    query,
    /** @param saveAs where what it has is kept, to start from it another time */
    stop: async (saveAs) => {
      await postgres.stop();
      if (saveAs) saveFolder(dataDir, saveAs);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * A program that serves HTTP, in a folder of its own.
 * @param ready the address that answers 200 once it is ready
 * @returns `startMs`: from the start of the process until then
 */
export async function startProgram({ command, args = [], env = {}, cwd, ready, patienceSeconds = 300 }) {
  const begin = performance.now();
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, LANG: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => (output = (output + bytes).slice(-8000)));
  let unstartable;
  child.once('error', (error) => (unstartable = notStartable(command, error)));
  const hasEnded = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const kill = () => hasEnded() || process.kill(-child.pid, 'SIGKILL');
  process.once('exit', kill);
  for (const end = begin + patienceSeconds * 1000; ;) {
    const answer = await call(ready).catch(() => undefined);
    if (answer?.status === 200) break;
    if (unstartable) throw unstartable;
    if (hasEnded() || performance.now() > end) {
      // What is slow to start would disturb the next measurement.
      kill();
      throw new Error(`${command} does not start:\n${output}`);
    }
    await sleep(10);
  }
  return {
    pid: child.pid,
    startMs: performance.now() - begin,
    stop: async () => {
      process.off('exit', kill);
      if (hasEnded()) return;
      process.kill(-child.pid, 'SIGTERM');
      const patience = setTimeout(kill, 10_000);
      await once(child, 'exit');
      clearTimeout(patience);
    },
  };
}

/** Runs a command to its end. @throws Error with what it wrote */
export async function runOnce({ command, args = [], env = {}, cwd }) {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes));
  const [code] = await once(child, 'close').catch((error) => {
    throw notStartable(command, error);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.slice(-4000)}`);
  return output;
}

/** Runs commands that install what is kept: with the whole environment, in which the way to a registry may be (proxies, certificates). */
export async function installed(what, home, commands) {
  console.log(`Installing ${what} in ${home}`);
  for (const command of commands) await runOnce({ cwd: home, ...command, env: process.env });
}

const notStartable = (command, error) =>
  new NotAsAskedFor(`${command} cannot be started (${error.code}): is it installed, and a program?`);

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
