import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FOLDER = resolve('examples/consumer');
const REQUIREMENTS = join(FOLDER, 'requirements.txt');

/** One of the programs of `examples/consumer`, running. */
export interface ExampleConsumer {
  readonly lines: () => string[];
  stop(): Promise<void>;
}

export async function startExample(file: string, environment: Record<string, string>): Promise<ExampleConsumer> {
  const command = file.endsWith('.py') ? await pythonWithClients() : resolve('node_modules/.bin/node');
  const child = spawn(command, [file], {
    cwd: FOLDER,
    env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { lines: () => output.split('\n'), stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** The Python of an environment that has what the examples need, made once. */
async function pythonWithClients(): Promise<string> {
  const version = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const folder = resolve(`node_modules/.cache/consumer-${version}`);
  const python = join(folder, 'bin/python');
  const done = join(folder, 'installed');
  if (existsSync(done)) return python;
  rmSync(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]);
  writeFileSync(done, '');
  return python;
}
