import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { COVERAGE_OF_CHILDREN } from './jest/coverage.mjs';

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * Has each process that a test starts find the code of some thousand modules as the one before compiled it, and count what ran where
 * coverage is measured.
 */
export const COMPILED_CODE = {
  ...COVERAGE_OF_CHILDREN,
  NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/roster-compiled'),
};

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an operator's command as `npm run roster -- ...` does, in a process of its own. */
export async function runCommand(
  args: readonly string[],
  environment: Record<string, string>,
  cwd = tmpdir(),
): Promise<CommandResult> {
  const child = spawn(join(ROOT, 'node_modules/.bin/node'), [join(ROOT, 'dist/cli.js'), ...args], {
    // Away from any .env of the checkout.
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...COMPILED_CODE, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}
