import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnOptions, type RunAs } from './account.js';
import type { Binaries } from './binaries.js';
import { lastLines } from './cluster.js';
import { EmbeddedPostgresError, OR_SET_DATABASE_URL } from './error.js';
import { openLog, type LogFile } from './log.js';

const START_TIMEOUT_MS = 120_000;
const FAST_SHUTDOWN_MS = 6_000;
const ATTEMPTS = 40;

export interface Server {
  readonly port: number;
  /** Resolves when no process of it is left. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly account: RunAs;
  readonly binaries: Binaries;
  readonly dataDirectory: string;
  readonly logFile: string;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Starts PostgreSQL on a free port of 127.0.0.1 and resolves when it accepts connections.
 *
 * @throws EmbeddedPostgresError with the last lines of its log when it gives up
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const log = openLog(options.logFile);
  let started = false;
  try {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const child = await spawnPostgres(options, port, log);
      const watcher = watchForOurDeath(child, options.account);
      const stop = () => stopServer(child, watcher, log);
      if (await isReady(child, options.dataDirectory)) {
        started = true;
        child.unref();
        return { port, stop };
      }
      await stopServer(child, watcher);
      const said = log.read();
      const transient = transientFailure(said);
      if (!transient || attempt === ATTEMPTS) throw doesNotStart(options, said);
      if (transient === 'memory in use') await sleep(250);
    }
  } finally {
    if (!started) log.close();
  }
}

async function spawnPostgres(options: ServerOptions, port: number, log: LogFile): Promise<ChildProcess> {
  const settings = {
    max_connections: '100',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...options.settings,
    listen_addresses: '127.0.0.1',
    port: `${port}`,
    unix_socket_directories: '',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // Detached: Ctrl-C in the terminal must reach Roster alone, which needs its database to close in order
  const child = spawn(options.binaries.postgres, ['-D', options.dataDirectory, ...args], {
    ...spawnOptions(options.account),
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
  });
  await once(child, 'spawn');
  return child;
}

/** A shell that waits for the end of a pipe only we hold: however we die, PostgreSQL is told to stop. */
function watchForOurDeath(postgres: ChildProcess, account: RunAs): ChildProcess {
  const script = 'read -r line; kill -INT "$1"';
  const watcher = spawn('/bin/sh', ['-c', script, 'roster-postgres-watcher', `${postgres.pid}`], {
    ...spawnOptions(account),
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.on('error', () => undefined);
  watcher.stdin.on('error', () => undefined);
  (watcher.stdin as Socket).unref();
  watcher.unref();
  // Its number must not be signalled once it may be another's
  postgres.once('exit', () => watcher.kill('SIGKILL'));
  return watcher;
}

/** By the file it keeps rather than by connecting: on a port lost in a race another server would answer. */
async function isReady(child: ChildProcess, dataDirectory: string): Promise<boolean> {
  const giveUpAt = Date.now() + START_TIMEOUT_MS;
  while (!hasExited(child) && Date.now() < giveUpAt) {
    const lines = (await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    if (lines[0] === `${child.pid}` && lines[7]?.trim() === 'ready') return true;
    await sleep(20);
  }
  return false;
}

async function stopServer(child: ChildProcess, watcher: ChildProcess, log?: LogFile): Promise<void> {
  if (!hasExited(child)) {
    child.ref();
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    const impatience = setTimeout(() => child.kill('SIGQUIT'), FAST_SHUTDOWN_MS);
    await exited;
    clearTimeout(impatience);
  }
  watcher.kill('SIGKILL');
  log?.close();
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Matched in English, which `initdb --locale=C` sees to. */
function transientFailure(said: string): 'port taken' | 'memory in use' | undefined {
  const end = lastLines(said);
  if (/could not bind IPv4 address/.test(end)) return 'port taken';
  // The children of a postmaster that was killed by itself take a moment to notice
  if (/pre-existing shared memory block/.test(end)) return 'memory in use';
  return undefined;
}

function doesNotStart(options: ServerOptions, said: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL on ${options.dataDirectory} does not start. It said (${options.logFile}):\n` +
      `${lastLines(said) || '(nothing)'}\n${OR_SET_DATABASE_URL}`,
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
