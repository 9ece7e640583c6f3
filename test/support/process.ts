import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import supertest from 'supertest';
import { COMPILED_CODE } from './cli.js';
import { childrenOf, readProc } from './proc.js';

const ROOT = resolve(import.meta.dirname, '../..');
const NODE = join(ROOT, 'node_modules/.bin/node');
const MAIN = join(ROOT, 'dist/main.js');
const START_PATIENCE_MS = 90_000;

export const PASSWORD = 'nine brown foxes at dawn';

/** A folder to start servers in: `.data`, where they keep what they make, comes to lie in it. */
export interface Home {
  readonly path: string;
  /** The ids of the processes of PostgreSQL that work on this folder. */
  postgresProcesses(): number[];
  /** The id of its postmaster, as PostgreSQL itself wrote it down. */
  postmaster(): number;
  /** What lies in it, by name. */
  contents(): string[];
  remove(): void;
}

export function makeHome(): Home {
  const path = mkdtempSync(join(tmpdir(), 'roster-faults-'));
  // Reachable for the account that PostgreSQL runs as when the tests run as root.
  chmodSync(path, 0o755);
  return {
    path,
    postgresProcesses: () => processesOf(path),
    postmaster: () =>
      Number(readFileSync(join(path, '.data/postgres/cluster/data/postmaster.pid'), 'utf8').split('\n')[0]),
    contents: () => readdirSync(path),
    remove: () => {
      // What a test left running when it failed.
      for (const pid of processesOf(path)) kill(pid, 'SIGKILL');
      rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The real server, in a process of its own. */
export class RosterProcess {
  private static readonly all = new Set<RosterProcess>();

  private readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  private constructor(
    home: Home,
    readonly port: number,
    environment: Record<string, string>,
    args: readonly string[],
  ) {
    this.child = spawn(NODE, [MAIN, ...args], {
      // Away from any .env of the checkout.
      cwd: home.path,
      env: {
        PATH: process.env['PATH'],
        HOME: home.path,
        ...COMPILED_CODE,
        PORT: String(port),
        BCRYPT_COST: '4',
        HASH_NICE: '0',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = once(this.child, 'close').then(() => this.child.exitCode);
    RosterProcess.all.add(this);
  }

  /** Starts a server on a free port without waiting for it. */
  static async launch(
    home: Home,
    environment: Record<string, string> = {},
    args: readonly string[] = [],
  ): Promise<RosterProcess> {
    // Somebody may be building just now.
    for (let patience = 50; !existsSync(MAIN) && patience > 0; patience--) await sleep(200);
    return new RosterProcess(home, Number(environment['PORT'] ?? (await freePort())), environment, args);
  }

  /** Starts a server on a free port and waits until it says that it runs. */
  static async start(
    home: Home,
    environment: Record<string, string> = {},
    args: readonly string[] = [],
  ): Promise<RosterProcess> {
    return (await RosterProcess.launch(home, environment, args)).running();
  }

  /** Ends what is still running, however a test went. */
  static async killAll(): Promise<void> {
    for (const server of RosterProcess.all) await server.kill('SIGKILL');
    RosterProcess.all.clear();
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get api(): ReturnType<typeof supertest> {
    return supertest(this.url);
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** What the summary says of `name`, such as `Mailbox`; empty when it does not name it. */
  said(name: string): string {
    return new RegExp(`^ {2}${name} +(.+)$`, 'm').exec(this.stdout)?.[1] ?? '';
  }

  async running(): Promise<this> {
    await this.until(() => this.stdout.includes('Roster is running'));
    return this;
  }

  /** Waits for something that only happens while the process lives. */
  async until(condition: () => boolean): Promise<void> {
    const giveUpAt = Date.now() + START_PATIENCE_MS;
    while (!condition()) {
      if (!this.alive || Date.now() > giveUpAt) {
        throw new Error(`The server ${this.alive ? 'takes too long' : 'has ended'}:\n${this.stdout}\n${this.stderr}`);
      }
      await sleep(10);
    }
  }

  /** The exit code, as soon as there is one; null when a signal ended it. */
  exit(): Promise<number | null> {
    return this.ended;
  }

  /** With `--workers`: the processes that serve, which are those of its children that run the same program. */
  workers(): number[] {
    return childrenOf(this.pid).filter((pid) => readProc(pid, 'cmdline').includes('dist/main.js'));
  }

  /** Sends the signal and waits for the end. */
  async kill(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<{ code: number | null; ms: number }> {
    const begin = Date.now();
    this.child.kill(signal);
    const code = await this.ended;
    return { code, ms: Date.now() - begin };
  }

  /** @returns the access token */
  async signIn(identifier: string, password: string): Promise<string> {
    const response = await this.api.post('/auth/login').send({ identifier, password }).expect(200);
    return (response.body as { accessToken: string }).accessToken;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = new Promise<boolean>((answer) => {
    server.once('error', () => answer(false));
    server.listen(port, '127.0.0.1', () => server.close(() => answer(true)));
  });
  return free;
}

export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  ms = 60_000,
): Promise<number> {
  const begin = Date.now();
  while (!(await condition())) {
    if (Date.now() - begin > ms) throw new Error(`${what}: did not come about in ${ms} ms`);
    await sleep(20);
  }
  return Date.now() - begin;
}

/** Kills a process that may be gone already. */
export function kill(pid: number, signal: 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone.
  }
}

/** A line among the results: how long things took is worth knowing and no reason to fail. */
export function report(text: string): void {
  process.stderr.write(`    ${text}\n`);
}

/** PostgreSQL's processes keep its data directory as their working directory; their command lines are titles. */
function processesOf(folder: string): number[] {
  if (!existsSync('/proc/self/cwd'))
    throw new Error('these tests look for processes in /proc, so they run on Linux only');
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && worksOn(pid, folder));
}

function worksOn(pid: number, folder: string): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    const workingDirectory = readlinkSync(`/proc/${pid}/cwd`);
    return /postgres|initdb/.test(command) && (workingDirectory.startsWith(folder) || command.includes(folder));
  } catch {
    return false;
  }
}
