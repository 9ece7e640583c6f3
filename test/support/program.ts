import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Where suites keep what they install. What it is made of, the package managers keep in caches of their own. */
export const CACHE = resolve('node_modules/.cache');

const run = promisify(execFile);
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach(kill));

/** A program that somebody else wrote, in a folder of its own, which is removed with it. */
export class Program {
  /** What it has written so far. */
  output = '';

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
    private readonly home: string,
  ) {}

  /** @param home from `makeProgramHome`: the program works there */
  static start(
    name: string,
    command: string,
    args: readonly string[],
    home: string,
    environment: Readonly<Record<string, string>> = {},
  ): Program {
    const { PATH, JAVA_HOME } = process.env;
    const env = { PATH, HOME: home, LANG: 'C.UTF-8', PYTHONUNBUFFERED: '1', ...environment };
    const child = spawn(command, args, {
      cwd: home,
      env: { ...env, ...(JAVA_HOME !== undefined && { JAVA_HOME }) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // In a group of its own: what it starts itself ends with it.
      detached: true,
    });
    running.add(child);
    const program = new Program(name, child, home);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (program.output += chunk.toString()));
    }
    // One that is not there has no output, and its exit code says enough.
    child.on('error', (error) => (program.output += error.message));
    return program;
  }

  /** Waits until it is so. @throws Error with the output when the program ends before, or the time does */
  async until(ready: () => boolean | Promise<boolean>, patienceMs: number): Promise<void> {
    const giveUpAt = Date.now() + patienceMs;
    while (!(await ready())) {
      if (this.child.exitCode !== null || this.child.signalCode !== null || Date.now() > giveUpAt) {
        throw new Error(`${this.name} does not start:\n${this.output.slice(-4000)}`);
      }
      await sleep(100);
    }
  }

  /** Waits until this address answers, with a success where nothing else is said. */
  async untilAnswers(url: string, patienceMs: number, fits = (status: number) => status < 300): Promise<void> {
    await this.until(async () => {
      try {
        // One that is starting may take the connection and never answer on it.
        const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(5000) });
        await answer.body?.cancel();
        return fits(answer.status);
      } catch {
        return false;
      }
    }, patienceMs);
  }

  async stop(): Promise<void> {
    running.delete(this.child);
    const gone = this.child.exitCode === null && this.child.signalCode === null ? once(this.child, 'exit') : undefined;
    kill(this.child);
    await gone;
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function makeProgramHome(name: string): string {
  return mkdtempSync(join(tmpdir(), `roster-${name}-`));
}

/** The first characters of a hash over these files: what is built of them is kept under it. */
export function versionOf(...files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}

/** Builds a Go module of this repository where that was not done yet, and gives the program. @throws Error saying what is missing */
export async function buildGo(name: string, source: string): Promise<string> {
  const files = ['main.go', 'go.mod', 'go.sum'].map((file) => join(source, file));
  const program = join(CACHE, `${name}-${versionOf(...files)}`);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  try {
    await run('go', ['build', '-o', program, '.'], { cwd: source });
  } catch (error) {
    throw new Error(`${name} needs Go (Debian: apt-get install golang).`, { cause: error });
  }
  return program;
}

function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone.
  }
}
